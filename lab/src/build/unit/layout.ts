// Finds a translation unit inside the target by its layout: the offsets of all its symbols within a section must equal
// those in the running kernel (or in the module as shipped). That proves which of several symbols of one name is meant,
// without FILE symbols and without a debug package. Only an object built with the target's own flags may be matched: with
// function sections every offset is 0 and anything "matches".

import type { Elf, ElfSymbol } from '../../kernel/elf.ts';

/** A symbol of the target: `space` 0 for vmlinux or the section index in a module; `order` in the target's symbol list. */
export type Place = { space: number; at: number; order: number };

/** All symbols of that name in the target. */
export type PlacesOf = (name: string) => readonly Place[];

/** Where a section of the reference object lies in the target. */
export type SectionPlace = { space: number; base: number };

export type Layout = {
  /** By section index of the reference object; only sections whose place is unique. */
  sections: Map<number, SectionPlace>;
  /** Symbols whose place in the target is proven. */
  proven: Map<string, Place>;
  /** Symbols that the target has, but not at the place the layout demands. */
  misplaced: string[];
  /** Symbols that the target has under that name, at whatever place. */
  known: number;
};

/** Matches the reference object against the target. */
export function matchLayout(reference: Elf, placesOf: PlacesOf): Layout {
  const layout: Layout = { sections: new Map(), proven: new Map(), misplaced: [], known: 0 };
  const bySection = new Map<number, ElfSymbol[]>();
  for (const symbol of reference.symbols) {
    if (!isDefined(symbol) || placesOf(symbol.name).length === 0) continue;
    bySection.set(symbol.section, [...(bySection.get(symbol.section) ?? []), symbol]);
  }
  for (const [section, symbols] of bySection) {
    layout.known += symbols.length;
    const place = placeSection(symbols, placesOf);
    if (place) layout.sections.set(section, place);
    for (const symbol of symbols) {
      const exact = place && placesOf(symbol.name).find((at) => isAt(at, place, symbol.value));
      if (exact) layout.proven.set(symbol.name, exact);
      else layout.misplaced.push(symbol.name);
    }
  }
  return layout;
}

/** Symbols with a name and a place of their own; the others (sections, files, undefined) cannot be matched. */
export function isDefined({ name, type, section }: ElfSymbol): boolean {
  return name !== '' && section > 0 && section < 0xff00 && (type === 'func' || type === 'object' || type === 'notype');
}

/** Whether that is the place of a symbol with that value. */
export const isAt = (place: Place, { space, base }: SectionPlace, value: number): boolean =>
  place.space === space && place.at === base + value;

/** Each symbol votes for the bases its name allows; the winner must be alone. */
function placeSection(symbols: readonly ElfSymbol[], placesOf: PlacesOf): SectionPlace | undefined {
  const votes = new Map<string, { place: SectionPlace; weight: number }>();
  for (const { name, value } of symbols) {
    const places = placesOf(name);
    const bases = new Map(places.map(({ space, at }) => [`${space}:${at - value}`, { space, base: at - value }]));
    for (const [key, place] of bases) {
      const weight = (votes.get(key)?.weight ?? 0) + 1 / places.length;
      votes.set(key, { place, weight });
    }
  }
  const [first, second] = [...votes.values()].sort((a, b) => b.weight - a.weight);
  return first && (!second || first.weight > second.weight + 1e-9) ? first.place : undefined;
}
