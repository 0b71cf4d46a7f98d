// What `objtool klp diff` prints, in the words of our rules. Its texts: tools/objtool/klp-diff.c of 7.2.

import type { BuildReason } from '../result.ts';
import { reason } from '../reason.ts';
import type { RuleId } from '../rules.ts';

export type KlpMessages = {
  changed: string[];
  added: string[];
  /** Symbols of the original for which klp diff found no counterpart. */
  uncorrelated: string[];
};

/** Reads the output of one run. */
export function readKlpMessages(output: string): KlpMessages {
  const all = (pattern: RegExp) => [...new Set([...output.matchAll(pattern)].map(([, name = '']) => name))];
  return {
    changed: all(/: changed function: (\S+)$/gm),
    added: all(/: new function: (\S+)$/gm),
    uncorrelated: all(/: no correlation: (\S+)$/gm),
  };
}

const patterns: readonly { pattern: RegExp; rule: RuleId; detail?: string }[] = [
  { pattern: /changed data: (\S+)/, rule: 'DA02', detail: 'symbol $1' },
  {
    pattern: /(\S+?)(?:\+0x[0-9a-f]+)?: unsupported static branch key (\S+?)\./,
    rule: 'CO01',
    detail: '$1() uses the static key $2 of a module',
  },
  {
    pattern: /(\S+?)\(\)(?:\+0x[0-9a-f]+)?: unsupported static call key (\S+?)\./,
    rule: 'CO02',
    detail: '$1() uses the static call $2 of a module',
  },
];

/** Why a run failed. Never empty. `place` is where the patch changes something. */
export function reasonsOfKlpFailure(output: string, place: { file: string; line: number }): BuildReason[] {
  const errors = output.split('\n').filter((line) => line.includes('error: objtool'));
  const reasons = errors.map((line) => {
    for (const { pattern, rule, detail } of patterns) {
      const match = pattern.exec(line);
      const fill = (text: string) => text.replace(/\$(\d)/g, (_, group: string) => match?.[Number(group)] ?? '');
      if (match && detail) return reason(rule, { ...place, detail: fill(detail) });
    }
    return reason('klp-diff', { ...place, detail: line.replace(/^.*error: objtool( \[[^\]]*\])?: /, '') });
  });
  const last = output.trim().split('\n').at(-1) ?? '';
  return reasons.length > 0 ? reasons : [reason('klp-diff', { ...place, detail: last })];
}
