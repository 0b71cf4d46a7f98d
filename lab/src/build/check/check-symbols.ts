// Checks every symbol that the kernel will look up when it loads the livepatch: functions to be replaced and symbols that
// relocations refer to. A wrong one means that another function is replaced, or other data used, without any warning.

import { cString, type Elf, relocationsOf, sectionBytes } from '../../kernel/elf.ts';
import { kindsOf, soleGlobal } from './new-references.ts';
import type { BuildReason } from '../result.ts';
import { reason } from '../reason.ts';

/** A symbol as the kernel will look it up; `position` 0 means "the only one of that name". */
export type KlpSymbol = { object: string; name: string; position: number };

export type SymbolFacts = {
  /** Text of /proc/kallsyms. */
  kallsyms: string;
  units: readonly {
    path: string;
    object: string;
    positions: Readonly<Record<string, number>>;
    ambiguous: readonly string[];
  }[];
};

/** Reasons against the symbols of a livepatch module. `replaced`: functions it replaces, as its own tables say. */
export function checkSymbols(
  elf: Elf,
  replaced: readonly KlpSymbol[],
  { kallsyms, units }: SymbolFacts,
): BuildReason[] {
  const wanted = [...relocationSymbols(elf), ...replaced];
  const kinds = kindsOf(kallsyms, new Set(wanted.map(({ name }) => name)));
  const reasons = wanted.flatMap(({ object, name, position }) => {
    const own = units.filter((unit) => unit.object === object);
    const file = own[0]?.path ?? units[0]?.path ?? '';
    const facts = { file, symbol: name, object };
    if (own.some(({ ambiguous }) => ambiguous.includes(name))) return [reason('NP14', facts)];
    // Symbols of modules: unique by kpatch's own lookup in the module's table, or proven by the unit's layout.
    const proven = own.flatMap(({ positions }) => positions[name] ?? []);
    const isProven = proven.includes(position);
    if (object !== 'vmlinux') return proven.length === 0 || isProven ? [] : [reason('NP14', facts)];
    const letters = kinds.get(name) ?? '';
    if (letters === '') return [reason('symbol-missing', facts)];
    if (letters.length === 1) return position <= 1 ? [] : [reason('NP14', facts)];
    return isProven || (proven.length === 0 && position === soleGlobal(letters)) ? [] : [reason('NP14', facts)];
  });
  return [...wrongObjects(replaced, units), ...reasons];
}

/** The kernel would wait for a module of that name for ever, or replace a function of its namesake. */
function wrongObjects(replaced: readonly KlpSymbol[], units: SymbolFacts['units']): BuildReason[] {
  const wrong = replaced.find(({ object }) => !units.some((unit) => unit.object === object));
  const [unit] = units;
  return wrong && unit ? [reason('klp-object', { file: unit.path, wanted: unit.object, object: wrong.object })] : [];
}

/** `.klp.sym.OBJECT.NAME,POSITION`, see Documentation/livepatch/module-elf-format.rst. */
export function relocationSymbols({ symbols }: Elf): KlpSymbol[] {
  return symbols.flatMap(({ name }) => {
    const match = /^\.klp\.sym\.([^.]+)\.(.*),(\d+)$/.exec(name);
    return match ? [{ object: match[1] ?? '', name: match[2] ?? '', position: Number(match[3]) }] : [];
  });
}

/** struct kpatch_patch_func: seven 8-byte words; sympos is the fifth, name and objname (relocated) the last two. */
const functionSize = 56;

/** Functions that the livepatch replaces, from kpatch's own table. */
export function replacedByKpatch(elf: Elf): KlpSymbol[] {
  const section = elf.sections.find(({ name }) => name === '.kpatch.funcs');
  if (!section) return [];
  const bytes = sectionBytes(elf, section);
  const text = new Map(relocationsOf(elf, section.index).map((each) => [each.offset, stringAt(elf, each)]));
  return Array.from({ length: Math.floor(bytes.length / functionSize) }, (_, index) => {
    const at = index * functionSize;
    const position = Number(bytes.readBigUInt64LE(at + 32));
    return { object: text.get(at + 48) ?? '', name: text.get(at + 40) ?? '', position };
  });
}

function stringAt(elf: Elf, { symbol, addend }: { symbol: number; addend: number }): string {
  const goal = elf.symbols[symbol];
  const section = goal && elf.sections[goal.section];
  return section ? cString(elf.bytes, section.offset + goal.value + addend) : '';
}
