// The differ for kernels before 6.19: kpatch's create-diff-object, one unit at a time. It wants objects whose tables objtool
// made, and a symbol table of the target.

import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type OpContext, runStage, runTogether, type StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { type Elf, readElf } from '../../kernel/elf.ts';
import { findDefinition } from '../../patch/find-function.ts';
import { exportDifference } from '../check/check-exports.ts';
import { tablesLostByObjtool } from '../check/check-sections.ts';
import { replacedByKpatch } from '../check/check-symbols.ts';
import { copiesOf, type Copies } from './copy-untraced.ts';
import { type DiffGiven, diffUnit } from './diff-unit.ts';
import type { CompiledUnit, Differ, Extracted, ExtractGiven, UnitDiff } from './differ.ts';
import type { BuildFacts } from '../kernel-facts.ts';
import { kpatchFrame } from '../link/kpatch-frame.ts';
import { movedSections, onceSections } from './moved-sections.ts';
import { ownData, renameInTable } from './own-data.ts';
import { newObjtoolReasons, runObjtool, unitFlags } from '../compile/objtool.ts';
import { allOrRefused, isRefused, type Refused, refused } from '../refused.ts';
import { reason } from '../reason.ts';
import type { BuildReason, PatchedFunction } from '../result.ts';
import { inside, withToolchain, type Workbench } from '../workbench.ts';

export const kpatchDiffer: Differ = {
  name: 'create-diff-object',
  finishOriginal: (ctx, bench, { out, module, facts }) =>
    runObjtool(ctx, bench, { out, name: 'original.o', module, flags: unitFlags(facts.objtool) }),
  extract,
  frame: kpatchFrame,
  replacedFunctions: replacedByKpatch,
};

type Diffed = UnitDiff & {
  /** Object with the changed functions, relative to the scratch directory. */ object?: string;
};

/** All units side by side; every unit's reasons are reported, not only those of the first that fails. */
async function extract(ctx: OpContext, bench: Workbench, given: ExtractGiven): Promise<Extracted | Refused> {
  const acts = given.units.map((compiled, index) => (inner: OpContext) => {
    const title = `extract what changed in ${basename(compiled.unit.path)}`;
    return runStage(inner, { id: `diff-${index}`, title }, (stage) => extractOne(stage, bench, given, compiled));
  });
  const diffs = allOrRefused<Diffed>(await runTogether(ctx, acts));
  return isRefused(diffs) ? diffs : { diffs, objects: diffs.flatMap(({ object }) => object ?? []) };
}

async function extractOne(
  ctx: StageContext,
  bench: Workbench,
  { facts, moduleName }: ExtractGiven,
  compiled: CompiledUnit,
): Promise<Diffed | Refused> {
  const { unit, out } = compiled;
  await copyFile(join(unit.directory, 'original.o'), join(out, 'original.o'));
  await leaveOutExports(ctx, bench, out);
  await renameForDiff(ctx, bench, compiled);
  const reasons = await objtoolReasons(ctx, bench, compiled, facts);
  if (reasons.length > 0) return refused(...reasons);
  const found = await diffWithCopies(ctx, bench, { ...compiled, facts, moduleName });
  if (isRefused(found)) return found;
  const object = found.length > 0 ? { object: join(basename(out), 'diff.o') } : {};
  const { objtoolWarnings } = unit;
  return { unit, patched: join(out, 'patched.o'), functions: found, objtoolWarnings, ...object };
}

/** Diffs; as long as nothing but the lack of an ftrace entry is against it, again with copies of the functions without one. */
async function diffWithCopies(
  ctx: StageContext,
  bench: Workbench,
  given: DiffGiven,
): Promise<PatchedFunction[] | Refused> {
  const first = await diffUnit(ctx, bench, given);
  let last = first;
  while (isRefused(last)) {
    const names = last.reasons.flatMap(({ rule, function: name }) =>
      (rule === 'NP02' || rule === 'NP04') && name !== undefined ? [name] : [],
    );
    const copies = names.length === last.reasons.length ? copiesOf(...(await readBoth(given.out)), names) : undefined;
    if (!copies) return first;
    await renameIn(ctx, bench, { out: given.out, file: 'patched.o', ...copies });
    last = await diffUnit(ctx, bench, given);
  }
  return last;
}

/** Makes the tables of the patched object. Reasons: what objtool says about it, and what it silently left out. */
async function objtoolReasons(
  ctx: StageContext,
  bench: Workbench,
  { unit, source, out }: CompiledUnit,
  facts: BuildFacts,
): Promise<BuildReason[]> {
  const module = unit.object !== 'vmlinux';
  const warnings = await runObjtool(ctx, bench, { out, name: 'patched.o', module, flags: unitFlags(facts.objtool) });
  const [original, patched] = await readBoth(out);
  return [
    ...newObjtoolReasons(unit, warnings, (name) => findDefinition(source.applied.text, name)),
    ...tablesLostByObjtool(original, patched).map((section) => reason('section-lost', { file: unit.path, section })),
  ];
}

/** Takes the export tables out of both objects when they differ: create-diff-object takes none that change. */
async function leaveOutExports(ctx: StageContext, bench: Workbench, out: string): Promise<void> {
  const [original, patched] = await readBoth(out);
  const { removed, added } = exportDifference({ original, patched });
  if (removed.length + added.length === 0) return;
  const tables = ['.export_symbol', '___ksymtab*', '___kcrctab*', '__ksymtab_strings'].flatMap((name) => [
    '-R',
    name,
    '-R',
    `.rela${name}`,
  ]);
  for (const file of ['original.o', 'patched.o']) {
    const argv = ['objcopy', '--wildcard', ...tables, `${inside.out}/${file}`] as const;
    await runCommand(withToolchain(bench, { argv, out }), { signal: ctx.signal });
  }
}

/** Gives sections and symbols the names that create-diff-object expects, in the objects and in the target's table. */
async function renameForDiff(ctx: StageContext, bench: Workbench, { unit, source, out }: CompiledUnit): Promise<void> {
  const [original, patched] = await readBoth(out);
  const moved = movedSections(original, patched);
  const own = ownData({ original, patched }, source);
  const renames = (side: keyof typeof own, elf: Elf) => {
    const { symbols, sections } = own[side];
    return { symbols, sections: [...sections, ...moved[side], ...onceSections(elf)] };
  };
  await renameIn(ctx, bench, { out, file: 'original.o', ...renames('original', original) });
  await renameIn(ctx, bench, { out, file: 'patched.o', ...renames('patched', patched) });
  const [table, copy] = [unit.directory, out].map((directory) => join(directory, 'symbols.txt')) as [string, string];
  if (own.original.symbols.length === 0) await copyFile(table, copy);
  else await writeFile(copy, renameInTable(await readFile(table, 'latin1'), own.original), 'latin1');
}

type Renaming = Copies & { out: string; file: string };

async function renameIn(ctx: StageContext, bench: Workbench, { out, file, symbols, sections }: Renaming) {
  const words = [
    ...symbols.flatMap(({ from, to }) => ['--redefine-sym', `${from}=${to}`]),
    ...sections.flatMap(({ from, to }) => ['--rename-section', `${from}=${to}`]),
  ];
  if (words.length === 0) return;
  const argv = ['objcopy', ...words, `${inside.out}/${file}`] as const;
  await runCommand(withToolchain(bench, { argv, out }), { signal: ctx.signal });
}

async function readBoth(out: string): Promise<[Elf, Elf]> {
  const read = async (name: string) => readElf(await readFile(join(out, name)), name);
  return Promise.all([read('original.o'), read('patched.o')]);
}
