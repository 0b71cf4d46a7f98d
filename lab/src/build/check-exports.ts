// Exported symbols must stay what they were: modules of the target were compiled against their types (CRC), and a livepatch
// cannot add or remove an export. Nothing in kpatch checks that.

import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { isLabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import type { Elf } from '../kernel/elf.ts';
import { unitBinds } from './compile-unit.ts';
import { recompile } from './kbuild-command.ts';
import type { BuildReason } from './result.ts';
import { reason } from './reason.ts';
import type { Unit } from './unit.ts';
import { inside, withToolchain, type Workbench } from './workbench.ts';

/** `name crc` of every export of the patched source, sorted, as kbuild would record it; undefined if it has no exports. */
export async function patchedSymvers(
  ctx: StageContext,
  bench: Workbench,
  { unit, replacement, out }: { unit: Unit; replacement: string; out: string },
): Promise<string[] | undefined> {
  if (unit.command.symvers.length === 0) return undefined;
  const preprocessed = `${inside.out}/patched.i`;
  const flags = ['-E', '-D__GENKSYMS__'];
  const argv = recompile(unit.command, { flags, output: preprocessed }).filter((word) => word !== '-c');
  const binds = await unitBinds(bench, unit.path, replacement);
  try {
    await runCommand(withToolchain(bench, { argv: argv as ['gcc', ...string[]], out, binds }), { signal: ctx.signal });
  } catch (error) {
    if (isLabError(error, 'command.failed')) return undefined; // it does not compile; the compiler says so better
    throw error;
  }
  const stdin = await readFile(join(out, 'patched.i'));
  const genksyms = ['scripts/genksyms/genksyms', '-r', '/dev/null'] as const;
  const { stdout } = await runCommand(withToolchain(bench, { argv: genksyms, stdin }), { signal: ctx.signal });
  return [...stdout.matchAll(/^#SYMVER (\S+) (\S+)/gm)].map(([, name, crc]) => `${name} ${crc}`).sort();
}

/** Reasons against exports that appear, disappear or change their type. */
export function changedExports(
  file: string,
  { original, patched }: { original: Elf; patched: Elf },
  { before, after }: { before: readonly string[]; after: readonly string[] | undefined },
): BuildReason[] {
  const names = [exportsOf(original), exportsOf(patched)] as const;
  const moved = [...difference(names[0], names[1]), ...difference(names[1], names[0])];
  if (moved.length > 0) return [reason('NP08', { file, symbols: few(moved) })];
  const changed = difference(new Set(before), new Set(after ?? before)).map((line) => line.split(' ')[0] ?? '');
  return changed.length > 0 ? [reason('DA09', { file, symbols: few(changed) })] : [];
}

/** EXPORT_SYMBOL leaves a local symbol `__export_symbol_NAME`; before 6.4 the entry itself, `__ksymtab_NAME`. */
function exportsOf({ symbols }: Elf): Set<string> {
  return new Set(symbols.flatMap(({ name }) => /^__(?:export_symbol|ksymtab)_(.+)$/.exec(name)?.[1] ?? []));
}

/** The first names of a list that can be long: one include may change the type of every export. */
const few = (names: readonly string[]) =>
  names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');

const difference = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].filter((each) => !b.has(each));
