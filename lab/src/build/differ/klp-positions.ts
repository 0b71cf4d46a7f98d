// Which symbol of the running kernel a symbol of a joined object is. `objtool klp diff` counts within the object that it is
// given; what the kernel counts was proven for each unit by its layout.

import { LabError } from '../../core/error.ts';
import type { Elf, ElfSymbol } from '../../kernel/elf.ts';
import type { Reposition } from './klp-tables.ts';

type PositionedUnit = { path: string; positions: Readonly<Record<string, number>> };

export type PositionFacts = {
  /** The object that klp diff compared with, its units in the order in which they were joined. */
  original: Elf;
  name: string;
  units: readonly PositionedUnit[];
  /** Positions of global symbols of vmlinux that no unit referred to before. */
  globals: ReadonlyMap<string, number>;
};

/** Unproven positions stay 0, "the only one of that name"; the check of the finished module refuses those that are not. */
export function repositionFor({ original, name: object, units, globals }: PositionFacts): Reposition {
  const owners = ownersOf(original, units);
  return (symbol) => {
    if (symbol.object !== object) return symbol;
    // A module of the target never refers to a symbol of vmlinux that is not exported: the patch does.
    const global = globals.get(symbol.name);
    if (global !== undefined) return { object: 'vmlinux', position: global };
    const own = owners.get(symbol.name) ?? [];
    const unit = own.length > 0 ? own[Math.max(symbol.position, 1) - 1] : undefined;
    const proven = unit ? [unit] : units;
    return { object, position: proven.flatMap(({ positions }) => positions[symbol.name] ?? [])[0] ?? 0 };
  };
}

/** For each local symbol the units that define it, in the order of the symbol table: each unit's locals follow its FILE symbol. */
function ownersOf(original: Elf, units: readonly PositionedUnit[]): Map<string, PositionedUnit[]> {
  const owners = new Map<string, PositionedUnit[]>();
  let files = 0;
  for (const symbol of original.symbols) {
    if (symbol.type === 'file') files += 1;
    const unit = units.length === 1 ? units[0] : units[files - 1];
    if (unit && isOwn(symbol)) owners.set(symbol.name, [...(owners.get(symbol.name) ?? []), unit]);
  }
  if (units.length > 1 && files !== units.length)
    throw new LabError('bug', `${units.length} units were joined into an object with ${files} FILE symbols`);
  return owners;
}

const isOwn = ({ name, bind, section, type }: ElfSymbol) =>
  name !== '' && bind === 'local' && section > 0 && type !== 'section' && type !== 'file';
