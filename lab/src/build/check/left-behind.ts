// Functions that a patch removes stay in the running kernel, and are called by whoever knows their name (modules, other units)
// or has kept a pointer to them (a timer, a table of operations). They call what they always called. When that is replaced
// by a function with other parameters, the old caller hands over the wrong ones, and nothing else would notice.

import { type Elf, type ElfSymbol, relocationsOf, sectionBytes } from '../../kernel/elf.ts';
import { findDefinition } from '../../patch/find-function.ts';
import type { PatchedUnit } from '../patched-unit.ts';
import { callsOf } from '../unit/inlining.ts';

export type OldCaller = {
  /** The function that the patch removes. */ caller: string;
  /** A changed one, with other parameters. */ callee: string;
};

/** Calls that would hand over the wrong parameters. `changed`: the functions that the livepatch replaces. */
export function callsLeftBehind(
  { original, patched }: { original: Elf; patched: Elf },
  changed: readonly string[],
  source: PatchedUnit,
): OldCaller[] {
  const other = new Set(changed.filter((name) => mayTakeOthers(source, name)));
  const kept = new Set(functionsOf(patched).map(({ name }) => name));
  const gone = functionsOf(original).filter(({ name }) => !kept.has(name));
  if (other.size === 0 || gone.length === 0) return [];
  const calls = callsOf(original);
  const removed = new Set(gone.map(({ name }) => name));
  // Tables of jumps lead into .cold parts, and nobody from outside.
  const entries = gone.filter(({ name }) => !name.endsWith('.cold'));
  const callable = new Set(entries.filter((each) => each.bind !== 'local' || isPointedTo(original, each)).map(nameOf));
  // What they call of the removed is called as well. The set grows while it is walked.
  for (const name of callable)
    for (const callee of calls.get(name) ?? []) if (removed.has(callee)) callable.add(callee);
  return [...callable].flatMap((caller) =>
    [...(calls.get(caller) ?? [])].filter((callee) => other.has(callee)).map((callee) => ({ caller, callee })),
  );
}

const nameOf = ({ name }: ElfSymbol) => name;

const functionsOf = ({ symbols }: Elf) =>
  symbols.filter(({ name, type, section }) => type === 'func' && section > 0 && !name.startsWith('__pfx_'));

/** Whether its address is kept in data, or used by code other than to call it. */
function isPointedTo(elf: Elf, { section: goal, value }: ElfSymbol): boolean {
  return elf.sections.some((section) => {
    const isCode = (section.flags & 0x4) !== 0;
    if (!isCode && !/^\.(data|rodata|bss|init\.data|export_symbol)|^___ksymtab/.test(section.name)) return false;
    const bytes = sectionBytes(elf, section);
    return relocationsOf(elf, section.index).some(({ offset, type, symbol, addend }) => {
      const isRelative = type === 2 || type === 4;
      if (isRelative && isBranch(bytes, offset)) return false;
      const target = elf.symbols[symbol];
      return target?.section === goal && target.value + addend + (isRelative ? 4 : 0) === value;
    });
  });
}

/** Whether the four bytes there are the goal of `e8`, `e9` or `0f 8x`. */
const isBranch = (bytes: Buffer, at: number) =>
  bytes[at - 1] === 0xe8 ||
  bytes[at - 1] === 0xe9 ||
  (bytes[at - 2] === 0x0f && ((bytes[at - 1] ?? 0) & 0xf0) === 0x80);

/** Whether a function takes or returns something else than before, or that cannot be told: gcc drops parameters of its clones. */
function mayTakeOthers(source: PatchedUnit, name: string): boolean {
  if (/\.(isra|constprop|part)\b/.test(name)) return true;
  for (const { original, applied } of [source, ...source.included]) {
    const [before, after] = [headOf(original, name), headOf(applied.text, name)];
    if (before !== undefined && after !== undefined) return before !== after;
  }
  return true;
}

/** What a function returns and takes, as its definition says, without the names of the parameters. */
function headOf(text: string, name: string): string | undefined {
  const line = findDefinition(text, name);
  if (line === undefined) return undefined;
  const lines = text.split('\n');
  const before = /^[\w\s*]+$/.test(lines[line - 2] ?? '') ? (lines[line - 2] ?? '') : '';
  const head = [before, ...lines.slice(line - 1, line + 15)].join(' ').split('{')[0] ?? '';
  return head
    .replace(/\b(static|inline|noinline|__always_inline|__maybe_unused)\b/g, '')
    .replace(/([\w*])\s*\b\w+\s*(?=[,)[])/g, '$1')
    .replace(/\s+/g, ' ')
    .replace(/ ?([*,()]) ?/g, '$1')
    .trim();
}
