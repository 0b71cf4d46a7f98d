// The patched object of a translation unit, compiled so that unchanged functions stay unchanged; and what the compiler
// says when it does not compile, in lines of the developer's own file.

import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { readElf } from '../kernel/elf.ts';
import { findDefinition } from '../patch/find-function.ts';
import { keepLineNumbers } from '../patch/keep-line-numbers.ts';
import { changedExports, patchedSymvers } from './check-exports.ts';
import { tablesLostByObjtool } from './check-sections.ts';
import { readCompilerMessages } from './compiler-messages.ts';
import { compileUnit } from './compile-unit.ts';
import type { BuildFacts } from './kernel-facts.ts';
import { movedSections } from './moved-sections.ts';
import { newObjtoolReasons, runObjtool } from './objtool.ts';
import type { PatchedUnit } from './prepare-patch.ts';
import { type Refused, refused } from './refused.ts';
import { reason } from './reason.ts';
import { checkStructLayouts } from './struct-layout.ts';
import type { Unit } from './unit.ts';
import { inside, withToolchain, type Workbench } from './workbench.ts';

export type PatchedObject = {
  /** Original and patched object, both after objtool. */
  original: string;
  patched: string;
};

export type CompileGiven = {
  unit: Unit;
  source: PatchedUnit;
  facts: BuildFacts;
  /** Scratch directory. */ out: string;
};

/** Compiles the patched source next to a copy of the original object: `out/original.o`, `out/patched.o`. */
export async function makePatchedObject(
  ctx: StageContext,
  bench: Workbench,
  given: CompileGiven,
): Promise<PatchedObject | Refused> {
  const { unit, source, out } = given;
  const replacement = join(out, 'patched.c');
  await writeFile(replacement, keepLineNumbers(source.applied), 'latin1');
  const input = { command: unit.command, path: unit.path, out, replacement, name: 'patched.o' };
  const [failure, after, layouts] = await Promise.all([
    compileUnit(ctx, bench, input),
    patchedSymvers(ctx, bench, { unit, replacement, out }),
    checkStructLayouts(ctx, bench, { unit, source, replacement, out }),
  ]);
  if (failure) return explainFailure(ctx, bench, given, failure.messages);
  if (!layouts) throw new LabError('bug', `${unit.path} compiles, but not with debug information`);
  const original = join(out, 'original.o');
  const patched = join(out, 'patched.o');
  await copyFile(join(unit.directory, 'original.o'), original);
  await renameMoved(ctx, bench, out);
  const reasons = [
    ...layouts,
    ...(await objtoolReasons(ctx, bench, given)),
    ...(await objectReasons({ original, patched }, unit, after)),
  ];
  return reasons.length > 0 ? refused(...reasons) : { original, patched };
}

async function objtoolReasons(ctx: StageContext, bench: Workbench, { unit, source, facts, out }: CompileGiven) {
  const module = unit.object !== 'vmlinux';
  const warnings = await runObjtool(ctx, bench, { out, name: 'patched.o', module, flags: facts.objtool });
  return newObjtoolReasons(unit, warnings, (name) => findDefinition(source.applied.text, name));
}

async function objectReasons(objects: PatchedObject, { path, command }: Unit, after: string[] | undefined) {
  const [original, patched] = await Promise.all(
    [objects.original, objects.patched].map(async (file) => readElf(await readFile(file), file)),
  );
  if (!original || !patched) return [];
  const lost = tablesLostByObjtool(original, patched).map((section) => reason('section-lost', { file: path, section }));
  return [...lost, ...changedExports(path, { original, patched }, { before: command.symvers, after })];
}

/** Compiles once more without #line directives: then every line is one of the developer's file, columns and all. */
async function explainFailure(
  ctx: StageContext,
  bench: Workbench,
  { unit, source, out }: CompileGiven,
  firstMessages: string,
): Promise<Refused> {
  const replacement = join(out, 'plain.c');
  await writeFile(replacement, source.applied.text, 'latin1');
  const input = { command: unit.command, path: unit.path, out };
  const failure = await compileUnit(ctx, bench, { ...input, replacement, name: 'plain.o' });
  const root = `${bench.kernel.source}/`;
  const reasons = readCompilerMessages(failure?.messages ?? firstMessages)
    .filter(({ severity }) => severity === 'error')
    .map(({ file, line, text, function: name }) => {
      const path = file.startsWith(root) ? file.slice(root.length) : file;
      return reason('does-not-compile', { file: path, line, message: text, ...(name ? { function: name } : {}) });
    });
  return { verdict: 'failed', reasons };
}

/** Gives functions that moved between .text and .text.unlikely back their section's name in the original. */
async function renameMoved(ctx: StageContext, bench: Workbench, out: string): Promise<void> {
  const names = async (file: string) => readElf(await readFile(join(out, file))).sections.map(({ name }) => name);
  const moved = movedSections(await names('original.o'), await names('patched.o'));
  if (moved.length === 0) return;
  const renames = moved.flatMap(({ from, to }) => ['--rename-section', `${from}=${to}`]);
  const argv = ['objcopy', ...renames, `${inside.out}/patched.o`] as const;
  await runCommand(withToolchain(bench, { argv, out }), { signal: ctx.signal });
}
