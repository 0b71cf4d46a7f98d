// The two kinds of stock code that compiled functions are compared with: the vmlinux image, where relocations are applied
// and must lead to the right address; and a module's .ko, where they are still relocations and must name the same goal.

import { cString, type Elf, type ElfRelocation, relocationsOf, sectionBytes } from '../../kernel/elf.ts';
import { isRelative, literal, type ReferenceRelocation, relocationWidth, type StockCode } from './fidelity.ts';
import type { TargetObject } from './target-object.ts';

type Reference = Pick<ReferenceRelocation, 'type' | 'addend' | 'place'>;

export type StockReferences = StockCode & {
  /** Where the symbol lies that the target refers to there; undefined where it refers to nothing. */
  goalOf(reference: Reference): { space: number; at: number } | undefined;
};

/** Stock code of the target, which also tells where its references lead. */
export function stockCode(target: TargetObject): StockReferences {
  return target.kind === 'vmlinux' ? vmlinuxCode(target) : moduleCode(target);
}

function vmlinuxCode({ elf, placesOf }: TargetObject): StockReferences {
  const loaded = elf.sections.filter(({ address, type }) => address !== 0 && type === 1);
  const read = (at: number, size: number) => {
    const section = loaded.find(({ address, size: length }) => at >= address && at + size <= address + length);
    return (
      section && elf.bytes.subarray(section.offset + at - section.address, section.offset + at - section.address + size)
    );
  };
  const compare = ({ type, addend, place, goal, goalPlace, text }: ReferenceRelocation): string | undefined => {
    const bytes = read(place.at, relocationWidth(type));
    if (!bytes) return 'the stock image has no code there';
    const value = valueOf(bytes);
    if (text !== undefined) {
      const string = read(isRelative(type) ? value + place.at + 4 : value, text.length + 1);
      return string?.toString('latin1') === `${text}\0`
        ? undefined
        : `it uses another string than ${JSON.stringify(text)}`;
    }
    const leadsTo = goalAt({ type, addend, place }, value);
    const expected = new Set(goal.type === 'section' ? [] : placesOf(goal.name).map(({ at }) => at));
    if (goalPlace) expected.add(goalPlace.at);
    // Nothing known about the goal (a section without symbols): the instruction bytes still have to match.
    if (expected.size === 0 || expected.has(leadsTo)) return undefined;
    // A 32-bit field holds the low half of an absolute address.
    if ([...expected].some((each) => (each | 0) === (leadsTo | 0) && !isRelative(type))) return undefined;
    return `its reference to ${goal.name || 'local data'} leads elsewhere in the stock image`;
  };
  const goalOf = (reference: Reference) => {
    const bytes = read(reference.place.at, relocationWidth(reference.type));
    return bytes && { space: 0, at: goalAt(reference, valueOf(bytes)) };
  };
  return { read: ({ at }, size) => read(at, size), compare, goalOf };
}

const valueOf = (bytes: Buffer) => (bytes.length === 8 ? Number(bytes.readBigInt64LE()) : bytes.readInt32LE());

/** Where the symbol of a relocation lies whose field holds that value. */
const goalAt = ({ type, addend, place }: Reference, value: number) =>
  isRelative(type) ? value + place.at - addend : value - addend;

function moduleCode({ elf }: TargetObject): StockReferences {
  const index = new Map<number, Map<number, ElfRelocation>>();
  const relocationAt = (space: number, at: number) => {
    if (!index.has(space)) index.set(space, new Map(relocationsOf(elf, space).map((each) => [each.offset, each])));
    return index.get(space)?.get(at);
  };
  return {
    read: ({ space, at }, size) => {
      const section = elf.sections[space];
      return section && sectionBytes(elf, section).subarray(at, at + size);
    },
    compare: (ours) => {
      const theirs = relocationAt(ours.place.space, ours.place.at);
      if (!theirs || theirs.type !== ours.type) return 'the module as shipped has another relocation there';
      return sameGoal(elf, theirs, ours) ? undefined : `its reference to ${ours.goal.name || 'local data'} differs`;
    },
    goalOf: ({ type, addend, place }) => {
      const theirs = relocationAt(place.space, place.at);
      const symbol = theirs?.type === type ? elf.symbols[theirs.symbol] : undefined;
      return theirs && symbol && { space: symbol.section, at: symbol.value + theirs.addend - addend };
    },
  };
}

function sameGoal(elf: Elf, theirs: ElfRelocation, ours: ReferenceRelocation): boolean {
  const symbol = elf.symbols[theirs.symbol];
  if (!symbol) return false;
  const section = elf.sections[symbol.section];
  if (ours.text !== undefined) {
    if (!section) return false;
    const offset = symbol.value + theirs.addend + (isRelative(theirs.type) ? 4 : 0);
    return cString(elf.bytes, section.offset + offset) === ours.text || literal(elf, section, theirs) === ours.text;
  }
  if (ours.goal.section === 0 || !ours.goalPlace) return symbol.name === ours.goal.name || ours.goal.type === 'section';
  const at = symbol.value + theirs.addend;
  return symbol.section === ours.goalPlace.space && at === ours.goalPlace.at + ours.addend;
}
