// Constant tables that a patch changes (`static const`: a netlink policy, a list of quirks). The running kernel keeps its own
// and a livepatch cannot write to it, so to the differs such a table is changed data. Under another name it is new data, and
// every function that reads it a changed function, for which all that holds for those is checked. Only what nothing but code
// can reach, and what holds no pointers to functions: objects are told apart by the address of their operations.

import {
  cString,
  type Elf,
  type ElfRelocation,
  type ElfSection,
  relocationsOf,
  sectionBytes,
} from '../../kernel/elf.ts';
import { type Copies, copyName } from './copy-untraced.ts';

/** Names of the constants of which the livepatch gets its own. */
export function changedConstants(original: Elf, patched: Elf): string[] {
  const [before, after] = [constantsOf(original), constantsOf(patched)];
  const changed = new Set(
    [...after].flatMap(([name, now]) => {
      const old = before.get(name);
      return old && contentOf(original, old) !== contentOf(patched, now) ? [name] : [];
    }),
  );
  if (changed.size === 0) return [];
  const readers = readersOf(patched);
  const readersOfConstant = (name: string) => [...(readers.get(after.get(name)?.index ?? 0) ?? [])];
  // A constant that points to one of them has to point to the new one. The set grows while it is walked.
  for (const name of changed)
    for (const reader of readersOfConstant(name).map(constantName)) if (before.has(reader)) changed.add(reader);
  const isCodeOrConstant = (section: ElfSection) => isCode(section) || after.has(constantName(section));
  return [...changed].filter((name) => {
    const known = readersOfConstant(name);
    return known.length > 0 && known.every(isCodeOrConstant);
  });
}

/** New names in either object. A static local of a function is renamed in both: the differs look for the old one in its new body. */
export function ownConstants(original: Elf, patched: Elf): Record<'original' | 'patched', Copies> {
  const names = changedConstants(original, patched);
  const isStaticLocal = (name: string) => /\.\d+$/.test(name);
  return {
    original: renamed(names.filter(isStaticLocal), (name) => `__func__.was_${name}`),
    patched: renamed(names, copyName),
  };
}

const renamed = (names: readonly string[], to: (name: string) => string): Copies => ({
  symbols: names.map((from) => ({ from, to: to(from) })),
  sections: names.map((from) => ({ from: `.rodata.${from}`, to: `.rodata.${to(from)}` })),
});

const constantName = ({ name }: ElfSection) => name.replace(/^\.rodata\./, '');

/** By name: sections that hold one constant of this unit and nothing else, without pointers to anything but constants. */
function constantsOf(elf: Elf): Map<string, ElfSection> {
  const inhabitants = new Map<number, number>();
  for (const { type, section } of elf.symbols)
    if (type !== 'section') inhabitants.set(section, (inhabitants.get(section) ?? 0) + 1);
  return new Map(
    elf.symbols.flatMap(({ name, type, bind, section: index, value, size }) => {
      const section = elf.sections[index];
      if (type !== 'object' || bind !== 'local' || section?.name !== `.rodata.${name}`) return [];
      const isAlone = inhabitants.get(index) === 1 && value === 0 && size === section.size;
      if (!isAlone || (section.flags & writable) !== 0 || own.test(name)) return [];
      return relocationsOf(elf, index).every((each) => pointsToConstant(elf, each)) ? [[name, section] as const] : [];
    }),
  );
}

/** Those that the differs let a livepatch have its own copies of anyway (static-locals.ts, own-messages.ts). */
const own = /^(__func__|__msg|CSWTCH|__PRETTY_FUNCTION__|__FUNCTION__)\b/;

function pointsToConstant(elf: Elf, { symbol }: ElfRelocation): boolean {
  const section = elf.sections[elf.symbols[symbol]?.section ?? 0];
  return /^\.rodata\b/.test(section?.name ?? '');
}

/** What a constant says: its bytes, and the texts or the other constants that it points to. */
function contentOf(elf: Elf, section: ElfSection): string {
  const pointers = relocationsOf(elf, section.index).map((each) => `${each.offset} ${targetOf(elf, each)}`);
  return [sectionBytes(elf, section).toString('latin1'), ...pointers].join('\0');
}

function targetOf(elf: Elf, { symbol: index, addend }: ElfRelocation): string {
  const symbol = elf.symbols[index];
  const section = elf.sections[symbol?.section ?? 0];
  if (!symbol || !section) return `${symbol?.name} ${addend}`;
  const isText = (section.flags & mergedStrings) === mergedStrings;
  return isText
    ? cString(elf.bytes, section.offset + symbol.value + addend)
    : `${section.name} ${symbol.value + addend}`;
}

/** By section: the sections that refer to it. */
function readersOf(elf: Elf): Map<number, Set<ElfSection>> {
  const readers = new Map<number, Set<ElfSection>>();
  for (const reader of elf.sections.filter(({ name }) => !/^(\.debug|\.rela|$)/.test(name)))
    for (const { symbol } of relocationsOf(elf, reader.index)) {
      const target = elf.symbols[symbol]?.section ?? 0;
      readers.set(target, (readers.get(target) ?? new Set()).add(reader));
    }
  return readers;
}

/** SHF_EXECINSTR. */
const isCode = ({ flags }: ElfSection) => (flags & 0x4) !== 0;
/** SHF_WRITE. */
const writable = 0x1;
/** SHF_MERGE, SHF_STRINGS. */
const mergedStrings = 0x30;
