// Writes the symbol table that create-diff-object reads (`readelf -s` text, one FILE symbol before the locals of each
// translation unit). A stock kernel has no FILE symbols: the unit's group is rebuilt from the layout match, and symbols of
// the same name that come earlier or later in the target stay earlier or later, because that order is the sympos.

import type { Elf } from '../../kernel/elf.ts';
import type { Layout, Place } from './layout.ts';
import type { TargetObject, TargetSymbol } from './target-object.ts';

export type SymbolTable = {
  text: string;
  /** Locals of the unit for which the target has several symbols and the layout does not tell which. */
  ambiguous: string[];
};

/** `prefixBytes`: distance of a `__pfx_` symbol from its function (objtool's `--prefix`). */
export function synthesizeSymbolTable(
  target: TargetObject,
  { original, layout, prefixBytes }: { original: Elf; layout: Layout; prefixBytes: number },
): SymbolTable {
  const ambiguous: string[] = [];
  const mine = new Map<string, { place: Place | undefined; type: string }>();
  for (const { name, type, bind, section } of original.symbols) {
    if (bind !== 'local' || (type !== 'func' && type !== 'object') || section === 0) continue;
    const found = findPlace(name, target, layout, prefixBytes);
    if (found === 'ambiguous') ambiguous.push(name);
    const place = found === 'ambiguous' ? target.placesOf(name)[0] : found;
    mine.set(name, { place, type: type.toUpperCase() });
  }
  const file = original.symbols.find(({ type }) => type === 'file')?.name ?? 'unit.c';
  const { before, after } = splitLocals(target, mine);
  const rows = [
    row(fileSymbol('before.c')),
    ...before.map(row),
    row(fileSymbol(file)),
    ...[...mine].map(([name, { place, type }]) =>
      row({ name, at: place?.at ?? 0, size: 8, type: type, bind: 'LOCAL' }),
    ),
    row(fileSymbol('after.c')),
    ...after.map(row),
    ...target.symbols.filter(({ bind }) => bind !== 'LOCAL').map(row),
  ];
  const head = `\nSymbol table '.symtab' contains ${rows.length} entries:\n`;
  const columns = '   Num:    Value          Size Type    Bind   Vis      Ndx Name\n';
  const numbered = rows.map((text, index) => `${String(index + 1).padStart(6)}: ${text}\n`);
  return { text: head + columns + numbered.join(''), ambiguous };
}

function findPlace(
  name: string,
  target: TargetObject,
  layout: Layout,
  prefixBytes: number,
): Place | 'ambiguous' | undefined {
  const proven = layout.proven.get(name);
  if (proven) return proven;
  const places = target.placesOf(name);
  if (places.length <= 1) return places[0];
  // objtool adds __pfx_ symbols after the reference object was made.
  const owner = name.startsWith('__pfx_') ? layout.proven.get(name.slice('__pfx_'.length)) : undefined;
  const place = owner && places.find(({ space, at }) => space === owner.space && at === owner.at - prefixBytes);
  return place ?? 'ambiguous';
}

/**
 * The target's other locals of the same names, split so that they keep their order around the unit's own. Nothing else of
 * another unit is ever looked up: without it the table is a third of its size.
 */
function splitLocals({ symbols }: TargetObject, mine: ReadonlyMap<string, { place: Place | undefined }>) {
  const before: TargetSymbol[] = [];
  const after: TargetSymbol[] = [];
  for (const [order, symbol] of symbols.entries()) {
    if (symbol.bind !== 'LOCAL' || !mine.has(symbol.name)) continue;
    const own = mine.get(symbol.name)?.place;
    if (own?.order === order) continue;
    (own && order > own.order ? after : before).push(symbol);
  }
  return { before, after };
}

type Row = { name: string; at: number; size: number; type: string; bind: string };

const fileSymbol = (name: string): Row => ({ name, at: 0, size: 0, type: 'FILE', bind: 'LOCAL' });

function row({ name, at, size, type, bind }: Row): string {
  const index = type === 'FILE' ? 'ABS' : '1';
  return `${hex(at)} ${String(size).padStart(5)} ${type.padEnd(7)} ${bind.padEnd(6)} DEFAULT ${index.padStart(4)} ${name}`;
}

/** Sixteen hex digits of a signed number (see elf.ts), without the cost of BigInt. */
function hex(value: number): string {
  const high = Math.floor(value / 2 ** 32) >>> 0;
  return high.toString(16).padStart(8, '0') + (value >>> 0).toString(16).padStart(8, '0');
}
