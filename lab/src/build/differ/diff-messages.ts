// What create-diff-object prints, in the words of our rules. Its texts: kpatch 0.9.10, create-diff-object.c.

import { untracedRule } from '../check/untraced-rule.ts';
import type { BuildReason } from '../result.ts';
import { reason } from '../reason.ts';
import type { RuleId } from '../rules.ts';

export type DiffMessages = {
  changed: string[];
  added: string[];
  reasons: BuildReason[];
};

type Pattern = {
  pattern: RegExp;
  rule: RuleId;
  /** What the first group is the name of; of data, when the source defines no function of that name. */
  names?: 'function' | 'data';
  plain?: string;
};

const patterns: readonly Pattern[] = [
  { pattern: /function (\S+) has no fentry\/mcount call/, rule: 'NP02', names: 'function' },
  { pattern: /function (\S+) doesn't have patchable function entry/, rule: 'NP02', names: 'function' },
  { pattern: /(?:changed|new\/changed) section (\.rela)?(\.(?:init|exit)\S*) /, rule: 'NP05' },
  { pattern: /data section (\S+) selected for inclusion/, rule: 'DA02', plain: 'section $1' },
  {
    pattern: /changed section (\.(?:rela)?\.?(?:data|rodata|bss|init\.data)\S*) not selected/,
    rule: 'DA02',
    plain: 'section $1',
  },
  {
    pattern: /reference to static local variable (\S+) in (\S+) was removed/,
    rule: 'DA04',
    plain: '$2 no longer refers to its static local variable $1',
  },
  {
    pattern: /static local (\S+) has been correlated with \S+, but patched (\S+) is missing a reference/,
    rule: 'DA04',
    plain: '$2 no longer refers to its static local variable $1',
  },
  {
    pattern: /Found a jump label at (\S+)\(\)\S*, using key (\S+?),/,
    rule: 'CO01',
    plain: '$1() uses the static key $2 of a module',
    names: 'function',
  },
  {
    pattern: /Found a static call at (\S+)\(\)\S*, using key (\S+?),/,
    rule: 'CO02',
    plain: '$1() uses the static call $2 of a module',
    names: 'function',
  },
  {
    pattern: /(?:symbol (?:info|size) mismatch|object size mismatch|symbol changed sections): (\S+)/,
    rule: 'DA02',
    plain: 'symbol $1',
    names: 'data',
  },
  { pattern: /(new\/changed group sections are not supported)/, rule: 'CO09', plain: '$1' },
  { pattern: /changed section (\S+) not selected for inclusion/, rule: 'CO09', plain: 'section $1 changes' },
];

/** Where in the source the patch changes something, for reasons that name no place of their own. */
export type ChangePlace = {
  file: string;
  line: number;
  function?: string;
  /** Line of a function's definition. */ lineOf: (name: string) => number | undefined;
  /** The first change of init or exit code. */ init?: { file: string; line: number; function: string };
};

/** Reads the output of one run. */
export function readDiffMessages(output: string, place: ChangePlace): DiffMessages {
  const result: DiffMessages = { changed: [], added: [], reasons: [] };
  for (const line of output.split('\n')) {
    const event = /: (changed|new) function: (\S+)/.exec(line);
    if (event?.[2]) result[event[1] === 'changed' ? 'changed' : 'added'].push(event[2]);
    const found = translate(line, place);
    if (found && !result.reasons.some(({ message }) => message === found.message)) result.reasons.push(found);
  }
  return result;
}

function translate(text: string, place: ChangePlace): BuildReason | undefined {
  for (const { pattern, rule, names, plain } of patterns) {
    const match = pattern.exec(text);
    if (!match || (names === 'data' && place.lineOf(match[1] ?? '') !== undefined)) continue;
    const detail = plain?.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? '');
    const subject = names === 'function' ? match[1] : undefined;
    if (rule === 'NP05' && place.init) return reason(rule, place.init);
    return reason(subject !== undefined && rule === 'NP02' ? untracedRule(subject) : rule, {
      file: place.file,
      line: (subject === undefined ? undefined : place.lineOf(subject)) ?? place.line,
      function: subject ?? place.function,
      detail: detail ?? text,
    });
  }
  return undefined;
}

/** Why a run failed: what the patterns know, or else the tool's own last words. Never empty. */
export function reasonsOfFailure(output: string, place: ChangePlace): BuildReason[] {
  const { reasons } = readDiffMessages(output, place);
  const { file, line, function: around } = place;
  return reasons.length > 0 ? reasons : [reason('kpatch', { file, line, function: around, detail: lastError(output) })];
}

/** The last error the tool printed, without its source location. */
function lastError(output: string): string {
  const lines = output.trim().split('\n');
  return (lines.findLast((line) => line.includes('ERROR')) ?? lines.at(-1) ?? '')
    .replace(/^.*ERROR: (\S+\.o: )?(\w+: \d+: )?/, '')
    .trim();
}
