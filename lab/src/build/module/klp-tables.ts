// What a finished livepatch module says it replaces, read from its own struct klp_patch. The first fields of klp_patch,
// klp_object and klp_func have kept their places since 4.5 (include/linux/livepatch.h); their sizes come from the target.

import { cString, type Elf, type ElfRelocation, relocationsOf, sectionBytes } from '../../kernel/elf.ts';
import type { KlpSymbol } from '../check/check-symbols.ts';

export type StructSizes = { klpObject: number; klpFunc: number };

/** `mod` is the first field of klp_patch, `objs` the second: every place that holds the module's own address is tried. */
export function readKlpTables(elf: Elf, sizes: StructSizes): KlpSymbol[] {
  const table = pointers(elf);
  const patches = table.all.filter(({ goal }) => goal.name === '__this_module');
  return patches.flatMap(({ section, offset }) => {
    const objects = table.at(section, offset + 8);
    return objects ? walk(objects, sizes.klpObject, (at) => objectFunctions(elf, table, sizes, at)) : [];
  });
}

type Place = { section: number; offset: number };
type Pointer = Place & { goal: { name: string } & Place };

/** Calls `read` for each element of an array until it says undefined: the array's empty last element. */
function walk<T>({ section, offset }: Place, size: number, read: (at: Place) => T[] | undefined): T[] {
  const found: T[] = [];
  for (let at = offset; ; at += size) {
    const some = read({ section, offset: at });
    if (!some) return found;
    found.push(...some);
  }
}

function objectFunctions(elf: Elf, table: PointerTable, sizes: StructSizes, at: Place): KlpSymbol[] | undefined {
  const functions = table.at(at.section, at.offset + 8);
  if (!functions) return undefined;
  const object = stringAt(elf, table.at(at.section, at.offset)) ?? 'vmlinux';
  return walk(functions, sizes.klpFunc, (func) => {
    const name = stringAt(elf, table.at(func.section, func.offset));
    const data = elf.sections[func.section];
    if (name === undefined || !data) return undefined;
    return [{ object, name, position: Number(sectionBytes(elf, data).readBigUInt64LE(func.offset + 16)) }];
  });
}

type PointerTable = { all: Pointer[]; at(section: number, offset: number): Place | undefined };

/** Every absolute 64-bit relocation (R_X86_64_64) of data. */
function pointers(elf: Elf): PointerTable {
  const goalOf = ({ symbol, addend }: ElfRelocation) => {
    const goal = elf.symbols[symbol];
    return { name: goal?.name ?? '', section: goal?.section ?? 0, offset: (goal?.value ?? 0) + addend };
  };
  const all = elf.sections
    .filter(({ flags, type }) => (flags & 2) !== 0 && type === 1)
    .flatMap(({ index }) =>
      relocationsOf(elf, index)
        .filter(({ type }) => type === 1)
        .map((each): Pointer => ({ section: index, offset: each.offset, goal: goalOf(each) })),
    );
  const index = new Map(all.map(({ section, offset, goal }) => [`${section}:${offset}`, goal]));
  return { all, at: (section, offset) => index.get(`${section}:${offset}`) };
}

function stringAt(elf: Elf, place: Place | undefined): string | undefined {
  const section = place && elf.sections[place.section];
  return section && cString(elf.bytes, section.offset + place.offset);
}
