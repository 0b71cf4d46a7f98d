// A trial as KTAP (kernel: Documentation/dev-tools/ktap.rst). Nothing is skipped: what was not found out is not ok.

import type { Evidence } from '../evidence.ts';
import type { Verdict } from '../verdict.ts';
import { trialCases } from './trial-cases.ts';

export function trialKtap({ scenario, release }: Evidence, verdict: Verdict): string {
  const cases = trialCases(verdict).map(({ title, outcome, said }, index) => {
    const told = said.split('\n').map((line) => `# ${line}`);
    const unknown = outcome === 'unknown' ? ' (not found out)' : '';
    return [...told, `${outcome === 'pass' ? 'ok' : 'not ok'} ${index + 1} ${plain(title)}${unknown}`].join('\n');
  });
  return `KTAP version 1\n# ${plain(scenario)} on ${release}\n1..${cases.length}\n${cases.join('\n')}\n`;
}

/** A # would begin a directive. */
const plain = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('#', '');
