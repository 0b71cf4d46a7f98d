// Proves that what we compile is what the target runs: each function of the reference object must equal the stock image
// byte for byte, relocations resolved and checked. Without the proof a diff of two objects says nothing about the target.

import {
  cString,
  type Elf,
  type ElfRelocation,
  type ElfSymbol,
  relocationsOf,
  sectionBytes,
} from '../../kernel/elf.ts';
import type { Layout } from './layout.ts';

/** 'same', or in what the compiled function differs from the one that runs (a phrase for messages). */
export type Fidelity = string;

export type StockCode = {
  /** Bytes of the target; undefined where it has none. */
  read(at: { space: number; at: number }, size: number): Buffer | undefined;
  /** Says in what the relocation at that place of the target differs from the reference's; undefined if in nothing. */
  compare(relocation: ReferenceRelocation): string | undefined;
};

/** A relocation of the reference object with all that is known about its goal. */
export type ReferenceRelocation = ElfRelocation & {
  /** Place in the target of the first relocated byte. */
  place: { space: number; at: number };
  goal: ElfSymbol;
  /** Place of the goal in the target, when the layout tells. */
  goalPlace?: { space: number; at: number };
  /** The string literal referred to, when the goal is one. */
  text?: string;
};

/** Bytes that a relocation changes, by R_X86_64_* type. */
export const relocationWidth = (type: number): number => (type === 1 || type === 24 ? 8 : 4);
/** R_X86_64_PC32, PLT32, PC64: relative to the place itself. */
export const isRelative = (type: number): boolean => type === 2 || type === 4 || type === 24;

/** Compares every function of the reference object that is not init or exit code. */
export function checkFidelity(reference: Elf, layout: Layout, stock: StockCode): Record<string, Fidelity> {
  const result: Record<string, Fidelity> = {};
  const jumps = jumpLabelSites(reference);
  const relocations = new Map<number, ElfRelocation[]>();
  for (const symbol of reference.symbols) {
    const section = reference.sections[symbol.section];
    if (symbol.type !== 'func' || !section || symbol.size === 0 || /^\.(init|exit)/.test(section.name)) continue;
    if (!relocations.has(section.index)) relocations.set(section.index, relocationsOf(reference, section.index));
    const ofSection = relocations.get(section.index) ?? [];
    result[symbol.name] = compareFunction(reference, { symbol, layout, stock, jumps, relocations: ofSection });
  }
  return result;
}

type Comparison = {
  symbol: ElfSymbol;
  layout: Layout;
  stock: StockCode;
  jumps: Set<string>;
  /** Of the symbol's section. */
  relocations: readonly ElfRelocation[];
};

function compareFunction(reference: Elf, given: Comparison): Fidelity {
  const { symbol, layout, stock, jumps, relocations } = given;
  const place = layout.proven.get(symbol.name);
  if (!place) return 'its place in the running kernel is not proven';
  const section = reference.sections[symbol.section] as Elf['sections'][number];
  const ours = Buffer.from(sectionBytes(reference, section).subarray(symbol.value, symbol.value + symbol.size));
  const theirs = Buffer.from(stock.read(place, symbol.size) ?? []);
  if (theirs.length !== ours.length) return 'the stock image has no code there';
  for (const relocation of relocations) {
    const offset = relocation.offset - symbol.value;
    if (offset < 0 || offset >= symbol.size) continue;
    if (isRewrittenJump(jumps, symbol, offset, theirs)) continue;
    const at = { space: place.space, at: place.at + offset };
    const difference = stock.compare(describe(reference, layout, relocation, at));
    if (difference) return difference;
    for (const bytes of [ours, theirs]) bytes.fill(0, offset, offset + relocationWidth(relocation.type));
  }
  const different = ours.findIndex((byte, index) => byte !== theirs[index] && !inJumpLabel(jumps, symbol, index));
  return different < 0 ? 'same' : `its code differs from the stock image at +0x${different.toString(16)}`;
}

/** objtool rewrites `jmp` of a static branch to a NOP at the link; the reference has not seen that. At most 5 bytes. */
function inJumpLabel(jumps: Set<string>, { section, value }: ElfSymbol, index: number): boolean {
  return [0, 1, 2, 3, 4].some((back) => jumps.has(`${section}:${value + index - back}`));
}

/** What objtool makes of a `jmp`: the NOP of arch/x86/include/asm/nops.h, its relocation dropped. */
const nop5 = Buffer.from([0x0f, 0x1f, 0x44, 0x00, 0x00]);

/** A static branch into another section (a .cold part) is a `jmp` with a relocation, until objtool rewrites it. */
function isRewrittenJump(jumps: Set<string>, { section, value }: ElfSymbol, field: number, theirs: Buffer): boolean {
  return jumps.has(`${section}:${value + field - 1}`) && theirs.subarray(field - 1, field + 4).equals(nop5);
}

function jumpLabelSites(elf: Elf): Set<string> {
  const tables = elf.sections.filter(({ name }) => name === '__jump_table');
  const sites = tables.flatMap(({ index }) => relocationsOf(elf, index).filter(({ offset }) => offset % 16 === 0));
  return new Set(
    sites.map(({ symbol, addend }) => `${elf.symbols[symbol]?.section}:${(elf.symbols[symbol]?.value ?? 0) + addend}`),
  );
}

function describe(
  elf: Elf,
  layout: Layout,
  relocation: ElfRelocation,
  place: { space: number; at: number },
): ReferenceRelocation {
  const goal = elf.symbols[relocation.symbol] as ElfSymbol;
  const section = elf.sections[goal.section];
  const base = layout.sections.get(goal.section);
  const goalPlace = base && { space: base.space, at: base.base + goal.value };
  const text = section && goal.type === 'section' ? literal(elf, section, relocation) : undefined;
  return { ...relocation, place, goal, ...(goalPlace ? { goalPlace } : {}), ...(text === undefined ? {} : { text }) };
}

/** Merged string sections are laid out anew by every link; what counts is the text. */
export function literal(
  elf: Elf,
  section: Elf['sections'][number],
  { type, addend }: ElfRelocation,
): string | undefined {
  if (!section.name.includes('.str')) return undefined;
  const offset = isRelative(type) ? addend + 4 : addend;
  return offset >= 0 && offset < section.size ? cString(elf.bytes, section.offset + offset) : undefined;
}
