// What create-diff-object prints, in the words of our rules. Its texts: kpatch 0.9.10, create-diff-object.c.

import type { BuildReason } from './result.ts';
import { reason, type RuleId } from './rules.ts';

export type DiffMessages = {
  changed: string[];
  added: string[];
  reasons: BuildReason[];
};

type Pattern = {
  pattern: RegExp;
  rule: RuleId;
  /** Group of the pattern that names a function. */ names?: 'function';
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
  { pattern: /symbol (?:info|size) mismatch: (\S+)|object size mismatch: (\S+)/, rule: 'DA02', plain: 'symbol $1$2' },
  { pattern: /(new\/changed group sections are not supported)/, rule: 'CO09', plain: '$1' },
  { pattern: /changed section (\S+) not selected for inclusion/, rule: 'CO09', plain: 'section $1 changes' },
];

/** Reads the output of one run. `place` says where a function stands, for the reasons. */
export function readDiffMessages(
  output: string,
  { file, lineOf }: { file: string; lineOf: (name: string) => number | undefined },
): DiffMessages {
  const result: DiffMessages = { changed: [], added: [], reasons: [] };
  for (const line of output.split('\n')) {
    const event = /: (changed|new) function: (\S+)/.exec(line);
    if (event?.[2]) result[event[1] === 'changed' ? 'changed' : 'added'].push(event[2]);
    const found = translate(line, file, lineOf);
    if (found && !result.reasons.some(({ message }) => message === found.message)) result.reasons.push(found);
  }
  return result;
}

function translate(text: string, file: string, lineOf: (name: string) => number | undefined): BuildReason | undefined {
  for (const { pattern, rule, names, plain } of patterns) {
    const match = pattern.exec(text);
    if (!match) continue;
    const detail = plain?.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? '');
    const subject = names === 'function' ? match[1] : rule === 'NP05' ? match[2] : undefined;
    const line = subject === undefined ? undefined : lineOf(subject);
    return reason(rule, {
      file,
      ...(subject === undefined ? {} : { function: subject }),
      ...(line === undefined ? {} : { line }),
      ...(detail === undefined ? {} : { detail }),
    });
  }
  return undefined;
}

/** The last error the tool printed, without its source location; for what no pattern knows. */
export function lastError(output: string): string {
  const errors = output.split('\n').filter((line) => /ERROR|unreconcilable/.test(line));
  return (errors.at(-1) ?? output.trim().split('\n').at(-1) ?? '')
    .replace(/^.*ERROR: (\S+\.o: )?(\w+: \d+: )?/, '')
    .trim();
}
