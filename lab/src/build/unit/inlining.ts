// Function sections change what gcc inlines in about one function of a hundred. If the target inlined G into F and our
// objects call it, a change of G shows in G alone: the livepatch would replace G, and F would go on with the old copy.

import { type Elf, type ElfRelocation, type ElfSymbol, relocationsOf, sectionBytes } from '../../kernel/elf.ts';

/** For each function G that the original object calls from F, but the reference object does not: G -> its Fs. */
export function inlinedOnlyInTarget(reference: Elf, original: Elf): Record<string, string[]> {
  const stock = callsOf(reference);
  const result: Record<string, string[]> = {};
  for (const [caller, callees] of callsOf(original)) {
    const known = stock.get(caller);
    for (const callee of known ? callees : []) if (!known?.has(callee)) (result[callee] ??= []).push(caller);
  }
  return result;
}

/** Functions of the same object that each function calls or jumps to. */
export function callsOf(elf: Elf): Map<string, Set<string>> {
  const functions = elf.symbols.filter(
    ({ name, type, section, size }) => type === 'func' && section > 0 && size > 0 && !name.startsWith('__pfx_'),
  );
  const at = new Map(functions.map((symbol) => [`${symbol.section}:${symbol.value}`, symbol.name]));
  const relocations = new Map<number, ElfRelocation[]>();
  const calls = new Map<string, Set<string>>();
  for (const symbol of functions) {
    const { section } = symbol;
    if (!relocations.has(section)) relocations.set(section, relocationsOf(elf, section));
    const goals = [...linked(elf, symbol, relocations.get(section) ?? []), ...resolved(elf, symbol)];
    const names = goals.flatMap((goal) => at.get(goal) ?? []).filter((name) => name !== symbol.name);
    calls.set(symbol.name, new Set([...(calls.get(symbol.name) ?? []), ...names]));
  }
  return calls;
}

/** Goals of PC-relative relocations (R_X86_64_PC32, PLT32) as `section:offset`. */
function linked(elf: Elf, { value, size }: ElfSymbol, relocations: readonly ElfRelocation[]): string[] {
  return relocations
    .filter(({ offset, type }) => offset >= value && offset < value + size && (type === 2 || type === 4))
    .map(({ symbol, addend }) => `${elf.symbols[symbol]?.section}:${(elf.symbols[symbol]?.value ?? 0) + addend + 4}`);
}

/** Calls within a section need no relocation: `e8`, `e9` and `0f 8x` whose goal is the start of a function. */
function resolved(elf: Elf, { section, value, size }: ElfSymbol): string[] {
  const header = elf.sections[section];
  const bytes = header ? sectionBytes(elf, header) : Buffer.alloc(0);
  const goals: string[] = [];
  for (let at = value; at + 5 <= value + size; at += 1) {
    const isNear = bytes[at] === 0xe8 || bytes[at] === 0xe9;
    const isConditional = bytes[at - 1] === 0x0f && ((bytes[at] ?? 0) & 0xf0) === 0x80;
    if (isNear || isConditional) goals.push(`${section}:${at + 5 + bytes.readInt32LE(at + 1)}`);
  }
  return goals;
}
