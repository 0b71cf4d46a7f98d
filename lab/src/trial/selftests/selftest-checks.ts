// What the kernel's own selftests say of this kernel: a check for each case, and one for their having run to the end.

import type { Check } from '../check.ts';
import type { Evidence } from '../evidence.ts';
import { type KtapOutcome, type KtapTest, readKtap } from './read-ktap.ts';

export function selftestChecks({ selftests }: Pick<Evidence, 'selftests'>): Check[] {
  if (!selftests) return [];
  const whole = { id: 'selftests', title: 'livepatch selftests: ran to the end' };
  if (selftests.output === undefined) return [{ ...whole, ok: undefined, figure: 'never run' }];
  const { plan, tests, faults } = readKtap(selftests.output);
  const ok = faults.length === 0 ? true : undefined;
  return [
    { ...whole, ok, figure: faults.length === 0 ? `${plan} planned and run` : faults.join('; ') },
    ...tests.flatMap(testChecks),
  ];
}

/** Skipped is unknown: nothing was found out. */
const meaning = (outcome: KtapOutcome | undefined) =>
  outcome === 'ok' ? true : outcome === 'not ok' ? false : undefined;

function testChecks({ name, outcome, why, cases, said }: KtapTest): Check[] {
  const test = name.replace(/^selftests: \S+: /, '');
  const base = { id: 'selftest', title: `livepatch selftest ${test}` };
  const each = cases.map((one) => ({
    ...base,
    title: `${base.title}: ${one.name}`,
    ok: meaning(one.outcome),
    figure: one.outcome ?? 'did not tell how it ended',
  }));
  const isTold = each.length > 0 && each.some(({ ok }) => ok !== true);
  if (outcome === 'ok' && each.length > 0) return each;
  // What went wrong outside of its cases, or instead of them.
  const last = said.findLast((line) => /SKIP|ERROR|not ok/.test(line)) ?? said.at(-1) ?? '';
  const figure = [outcome, why, isTold ? '' : last].filter(Boolean).join(', ');
  return [...each, { ...base, ok: meaning(outcome), figure }];
}
