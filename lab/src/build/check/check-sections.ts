// Tables that describe code: unwinding (ORC), sites the kernel rewrites at load (returns, calls, alternatives), bug and
// exception entries. A function that lost its entries on the way loads without a word, and is unreliable or unpatched.

import { readFile } from 'node:fs/promises';
import { type Elf, readElf, relocationsOf } from '../../kernel/elf.ts';
import type { UnitDiff } from '../differ/differ.ts';
import type { BuildReason } from '../result.ts';
import { reason } from '../reason.ts';

const tables = [
  '.orc_unwind_ip',
  '.return_sites',
  '.call_sites',
  '.retpoline_sites',
  '.altinstructions',
  '.parainstructions',
  '.static_call_sites',
  '__bug_table',
  '__ex_table',
  '__mcount_loc',
] as const;

/** Made by objtool from nothing but the code, so every object with code has them. */
const fromObjtool = ['.orc_unwind_ip', '.return_sites', '.call_sites'] as const;

/** Tables that objtool made for the original object but not for the patched one. */
export function tablesLostByObjtool(original: Elf, patched: Elf): string[] {
  const has = (elf: Elf, name: string) => elf.sections.some((section) => section.name === name && section.size > 0);
  return fromObjtool.filter((name) => has(original, name) && !has(patched, name));
}

/** Reasons against a module that has fewer table entries, or no relocations, for functions of a unit, unlike its patched object. */
export async function lostSections({ unit, patched, functions }: UnitDiff, module: Elf): Promise<BuildReason[]> {
  if (functions.length === 0) return [];
  const object = readElf(await readFile(patched), patched);
  const names = new Set(functions.flatMap(({ name }) => [name, `${name}.cold`]));
  // Static calls of a module's own tracepoints are left out: their keys do not exist when the livepatch loads.
  const wanted = tables.filter((name) => name !== '.static_call_sites' || unit.object === 'vmlinux');
  return [
    ...wanted.filter((table) => countEntries(module, table, names) < countEntries(object, table, names)),
    ...[...names]
      .filter((name) => isRelocated(object, name) && !isRelocated(module, name, true))
      .map((name) => `.rela of ${name}`),
  ].map((section) => reason('section-lost', { file: unit.path, section }));
}

/** Whether the code of a function refers to anything by relocations; `absent`: the answer when there is no such function. */
export function isRelocated(elf: Elf, name: string, absent = false): boolean {
  const found = elf.symbols.find((symbol) => symbol.type === 'func' && symbol.section > 0 && symbol.name === name);
  if (!found) return absent;
  const { section, value, size } = found;
  return relocationsOf(elf, section).some(({ offset }) => offset >= value && offset < value + size);
}

/** Relocations of a table that lead into functions of these names; the module may have them all in one section. */
function countEntries(elf: Elf, table: string, names: ReadonlySet<string>): number {
  const functions = elf.symbols.filter(({ type, name, section }) => type === 'func' && section > 0 && names.has(name));
  return elf.sections
    .filter(({ name, type }) => name === table && type === 1)
    .flatMap(({ index }) => relocationsOf(elf, index))
    .filter(({ symbol, addend }) => {
      const goal = elf.symbols[symbol];
      const at = (goal?.value ?? 0) + addend;
      return functions.some(
        ({ section, value, size }) => section === goal?.section && at >= value && at < value + size,
      );
    }).length;
}
