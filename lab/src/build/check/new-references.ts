// Symbols of vmlinux that a patch refers to and its units did not before. Exported ones the module loader finds. For the
// others `objtool klp diff` has to see them in the original object as well: it takes them for the patch's own otherwise.

import type { Elf } from '../../kernel/elf.ts';

/** Symbols that the patched objects leave undefined and the original ones neither have nor refer to. */
export function newReferences(originals: readonly Elf[], patched: readonly Elf[]): string[] {
  const names = (elves: readonly Elf[], isWanted: (section: number) => boolean) =>
    new Set(elves.flatMap(({ symbols }) => symbols.filter(({ section }) => isWanted(section)).map(({ name }) => name)));
  const known = names(originals, () => true);
  const own = names(patched, (section) => section !== 0);
  const wanted = names(patched, (section) => section === 0);
  return [...wanted].filter((name) => name !== '' && !known.has(name) && !own.has(name));
}

/**
 * Position of each of the names as the only global symbol of vmlinux with it, 0 where the name is unique anyway; names that
 * vmlinux has no global symbol of are left out. `kallsyms` as in KernelFacts.
 */
export function globalPositions(kallsyms: string, names: Iterable<string>): Map<string, number> {
  const kinds = kindsOf(kallsyms, new Set(names));
  return new Map(
    [...kinds].flatMap(([name, letters]) => {
      const at = soleGlobal(letters);
      return at === undefined ? [] : [[name, letters.length === 1 ? 0 : at] as const];
    }),
  );
}

/** 1-based place of the only upper-case letter, which stands for a global symbol. */
export function soleGlobal(kinds: string): number | undefined {
  const places = [...kinds].flatMap((letter, index) => (/[A-Z]/.test(letter) ? [index + 1] : []));
  return places.length === 1 ? places[0] : undefined;
}

/** The kinds (as nm prints them) of all symbols of each name, in their order, in one pass over the 157,000 lines. */
export function kindsOf(kallsyms: string, names: ReadonlySet<string>): Map<string, string> {
  const kinds = new Map<string, string>();
  for (let start = 0, end; start < kallsyms.length; start = end + 1) {
    end = kallsyms.indexOf('\n', start);
    if (end < 0) end = kallsyms.length;
    const name = kallsyms.slice(start + 19, end);
    if (names.has(name)) kinds.set(name, (kinds.get(name) ?? '') + kallsyms.charAt(start + 17));
  }
  return kinds;
}
