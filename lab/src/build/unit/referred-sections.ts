// Names alone do not always place a section: a hundred units of ACPICA each have an `_acpi_module_name` and nothing else in their
// .rodata. But code that is proven to be what the target runs says where the data is that it refers to.

import { type Elf, relocationsOf } from '../../kernel/elf.ts';
import { isAt, isDefined, type Layout, type PlacesOf, type SectionPlace } from './layout.ts';
import type { StockReferences } from './stock-code.ts';

export type ReferredGiven = {
  reference: Elf;
  layout: Layout;
  placesOf: PlacesOf;
  stock: Pick<StockReferences, 'goalOf'>;
  /** Functions that are what the target runs. */
  isSame: (name: string) => boolean;
};

/** The layout with the sections that all references agree about, and where the target has every symbol under its name. */
export function placeReferred({ reference, layout, ...given }: ReferredGiven): Layout {
  const sections = new Map(layout.sections);
  const proven = new Map(layout.proven);
  for (const [section, place] of agreedPlaces({ reference, layout, ...given })) {
    const symbols = reference.symbols.filter((symbol) => symbol.section === section && isDefined(symbol));
    const known = symbols.filter(({ name }) => given.placesOf(name).length > 0);
    const found = known.map(({ name, value }) => given.placesOf(name).find((at) => isAt(at, place, value)));
    if (known.length === 0 || found.includes(undefined)) continue;
    sections.set(section, place);
    known.forEach(({ name }, index) => proven.set(name, found[index] as NonNullable<(typeof found)[number]>));
  }
  return { ...layout, sections, proven, misplaced: layout.misplaced.filter((name) => !proven.has(name)) };
}

/** SHF_EXECINSTR. */
const code = 0x4;
/** SHF_MERGE: what the linker takes apart has no one place. */
const merged = 0x10;

/** By section that has no place yet: the one that all references to it lead to. */
function agreedPlaces({ reference, layout, stock, isSame }: ReferredGiven): Map<number, SectionPlace> {
  const votes = new Map<number, SectionPlace[]>();
  const isUnplaced = (section: number) =>
    !layout.sections.has(section) && ((reference.sections[section]?.flags ?? merged) & merged) === 0;
  for (const { index } of reference.sections.filter(({ flags }) => (flags & code) !== 0)) {
    const functions = reference.symbols.filter(({ type, section }) => type === 'func' && section === index);
    for (const relocation of relocationsOf(reference, index)) {
      const goal = reference.symbols[relocation.symbol];
      if (!goal || goal.section === 0 || !isUnplaced(goal.section)) continue;
      const within = functions.find(
        ({ value, size }) => relocation.offset >= value && relocation.offset < value + size,
      );
      const place = within && isSame(within.name) ? layout.proven.get(within.name) : undefined;
      if (!within || !place) continue;
      const at = place.at + relocation.offset - within.value;
      const spot = stock.goalOf({ ...relocation, place: { space: place.space, at } });
      const vote = spot ? { space: spot.space, base: spot.at - goal.value } : nowhere;
      votes.set(goal.section, [...(votes.get(goal.section) ?? []), vote]);
    }
  }
  return new Map([...votes].flatMap(([section, all]) => (all[0] && isOne(all) ? [[section, all[0]] as const] : [])));
}

const isOne = ([first, ...rest]: readonly SectionPlace[]) =>
  rest.every(({ space, base }) => space === first?.space && base === first.base);

/** Agrees with no other, and has no symbol. */
const nowhere: SectionPlace = { space: -1, base: Number.NaN };
