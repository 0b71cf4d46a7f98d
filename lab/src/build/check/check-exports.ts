// Exported symbols must stay what they were: modules of the target were compiled against their types (CRC). Nothing in kpatch
// checks that. The table itself stays as it is: a livepatch cannot remove an export, and a new one nothing that runs can use;
// code of the same patch reaches the function without it.

import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import type { Elf } from '../../kernel/elf.ts';
import type { Replacement } from '../compile/compile-unit.ts';
import { preprocessUnit } from '../reach/preprocess-unit.ts';
import type { BuildReason } from '../result.ts';
import { reason } from '../reason.ts';
import type { Unit } from '../unit/unit.ts';
import { withToolchain, type Workbench } from '../workbench.ts';

/** `name crc` of every export of the patched source, sorted, as kbuild would record it; undefined if it has no exports. */
export async function patchedSymvers(
  ctx: StageContext,
  bench: Workbench,
  { unit, replacements }: { unit: Unit; replacements: readonly Replacement[] },
): Promise<string[] | undefined> {
  if (unit.command.symvers.length === 0) return undefined;
  const { command } = unit;
  const text = await preprocessUnit(ctx, bench, { command, replacements, flags: ['-D__GENKSYMS__'] });
  if (text === undefined) return undefined; // it does not compile; the compiler says so better
  const stdin = Buffer.from(text);
  const genksyms = ['scripts/genksyms/genksyms', '-r', '/dev/null'] as const;
  const { stdout } = await runCommand(withToolchain(bench, { argv: genksyms, stdin }), { signal: ctx.signal });
  return [...stdout.matchAll(/^#SYMVER (\S+) (\S+)/gm)].map(([, name, crc]) => `${name} ${crc}`).sort();
}

type Objects = { original: Elf; patched: Elf };

/** Reasons against exports that change their type. */
export function changedExports(
  file: string,
  objects: Objects,
  { before, after }: { before: readonly string[]; after: readonly string[] | undefined },
): BuildReason[] {
  const { removed } = exportDifference(objects);
  const changed = difference(new Set(before), new Set(after ?? before))
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => !removed.includes(name));
  return changed.length > 0 ? [reason('DA09', { file, symbols: few(changed) })] : [];
}

/** Exports that the patch removes and adds. */
export function exportDifference({ original, patched }: Objects): { removed: string[]; added: string[] } {
  const [before, after] = [exportsOf(original), exportsOf(patched)];
  return { removed: difference(before, after), added: difference(after, before) };
}

/** What the livepatch leaves out of that, for whoever reads the result. */
export function leftOutExports(file: string, objects: Objects): BuildReason[] {
  const { removed, added } = exportDifference(objects);
  return [
    ...(removed.length > 0 ? [reason('NP08', { file, symbols: few(removed) })] : []),
    ...(added.length > 0 ? [reason('NP09', { file, symbols: few(added) })] : []),
  ];
}

/** EXPORT_SYMBOL leaves a local symbol `__export_symbol_NAME`; before 6.4 the entry itself, `__ksymtab_NAME`. */
export function exportsOf({ symbols }: Elf): Set<string> {
  return new Set(symbols.flatMap(({ name }) => /^__(?:export_symbol|ksymtab)_(.+)$/.exec(name)?.[1] ?? []));
}

/**
 * Reasons against exported functions that take or return something else. For kernels without CONFIG_MODVERSIONS, such as
 * Debian's from 7.x on: there are no CRCs that would tell.
 */
export function changedPrototypes(
  place: { file: string; line?: number | undefined },
  exported: ReadonlySet<string>,
  { before, after }: Record<'before' | 'after', ReadonlyMap<string, string>>,
): BuildReason[] {
  const changed = [...exported].filter((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    return old !== undefined && now !== undefined && old !== now;
  });
  return changed.length > 0 ? [reason('DA09', { ...place, symbols: few(changed) })] : [];
}

/** The first names of a list that can be long: one include may change the type of every export. */
const few = (names: readonly string[]) =>
  names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');

const difference = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].filter((each) => !b.has(each));
