// All data of the target of which a livepatch has copies of its own, under names that keep the differs from asking for the old.

import type { Elf } from '../../kernel/elf.ts';
import type { Copies } from './copy-untraced.ts';
import { ownConstants } from './own-constants.ts';
import { ownMessages } from './own-messages.ts';

/** New names for symbols and their sections in either object, before they are compared. */
export function ownData(original: Elf, patched: Elf): Record<'original' | 'patched', Copies> {
  const constants = ownConstants(original, patched);
  return {
    original: both(ownMessages(original), constants.original),
    patched: both(ownMessages(patched), constants.patched),
  };
}

const both = (one: Copies, other: Copies): Copies => ({
  symbols: [...one.symbols, ...other.symbols],
  sections: [...one.sections, ...other.sections],
});

/** The target's symbol table (as symbol-table.ts writes it) with the new names of the original object. */
export function renameInTable(table: string, { symbols }: Copies): string {
  const names = new Map(symbols.map(({ from, to }) => [from, to]));
  return table.replace(/ (\S+)$/gm, (row, name: string) => (names.has(name) ? ` ${names.get(name)}` : row));
}
