// Data of the target that a livepatch does not share: of which it has copies of its own, or which its code knows no more. Under
// other names the differs do not ask for it.

import type { Elf } from '../../kernel/elf.ts';
import type { PatchedUnit } from '../patched-unit.ts';
import type { Copies } from './copy-untraced.ts';
import { ownConstants } from './own-constants.ts';
import { ownMessages } from './own-messages.ts';
import { goneStatics } from './static-locals.ts';

/** New names for symbols and their sections in either object, before they are compared. */
export function ownData(
  { original, patched }: { original: Elf; patched: Elf },
  source: PatchedUnit,
): Record<'original' | 'patched', Copies> {
  const constants = ownConstants(original, patched);
  return {
    original: both(both(ownMessages(original), constants.original), forgotten(goneStatics(original, patched, source))),
    patched: both(ownMessages(patched), constants.patched),
  };
}

/** Names that the differs take for constants of which every livepatch has its own. */
const forgotten = (names: readonly string[]): Copies => ({
  symbols: names.map((from) => ({ from, to: `__func__.gone_${from}` })),
  sections: [],
});

const both = (one: Copies, other: Copies): Copies => ({
  symbols: [...one.symbols, ...other.symbols],
  sections: [...one.sections, ...other.sections],
});

/** The target's symbol table (as symbol-table.ts writes it) with the new names of the original object. */
export function renameInTable(table: string, { symbols }: Copies): string {
  const names = new Map(symbols.map(({ from, to }) => [from, to]));
  return table.replace(/ (\S+)$/gm, (row, name: string) => (names.has(name) ? ` ${names.get(name)}` : row));
}
