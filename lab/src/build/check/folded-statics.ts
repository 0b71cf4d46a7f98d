// Static variables that nothing writes any more. The compiler takes the first value of such a one for its value and the variable is
// gone (gcc/ipa.cc, ipa_discover_variable_flags), so the livepatch would not see what the running kernel has in it.

import type { Elf, ElfSymbol } from '../../kernel/elf.ts';
import { bareCode } from '../../patch/bare-code.ts';
import { staticDeclaration } from '../differ/static-locals.ts';
import type { PatchedUnit } from '../patched-unit.ts';

/** Variables of the file that the patched source still reads and the patched object has no more. */
export function foldedStatics({ original, patched }: { original: Elf; patched: Elf }, source: PatchedUnit): string[] {
  const kept = new Set(patched.symbols.filter(({ section }) => section > 0).map(({ name }) => name));
  const gone = original.symbols.filter((symbol) => isVariable(original, symbol) && !kept.has(symbol.name));
  if (gone.length === 0) return [];
  const lines = [source, ...source.included].flatMap(({ applied }) => applied.text.split('\n'));
  const code = lines.map(bareCode).join('\n');
  return gone.map(({ name }) => name).filter((name) => isRead(name, code));
}

/** Writable, and not of a function: those have a number behind their name (static-locals.ts). */
function isVariable({ sections }: Elf, { name, type, bind, section }: ElfSymbol): boolean {
  return type === 'object' && bind === 'local' && /^\w+$/.test(name) && ((sections[section]?.flags ?? 0) & 0x1) !== 0;
}

/** Declared static, and used for more than to be written. */
function isRead(name: string, code: string): boolean {
  const rest = code.replace(new RegExp(`${staticDeclaration(name)}[^;]*;`, 'g'), '');
  return rest !== code && new RegExp(String.raw`\b${name}\b(?!\s*([-+|&^]?=(?!=)|\+\+|--))`).test(rest);
}
