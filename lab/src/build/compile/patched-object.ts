// The patched object of a translation unit, compiled so that unchanged functions stay unchanged; and what the compiler
// says when it does not compile, in lines of the developer's own file.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../core/error.ts';
import type { StageContext } from '../../core/operation.ts';
import { readElf } from '../../kernel/elf.ts';
import type { Applied } from '../../patch/apply-patch.ts';
import { keepLineNumbers } from '../../patch/keep-line-numbers.ts';
import { changedExports, leftOutExports, patchedSymvers } from '../check/check-exports.ts';
import { foldedStatics } from '../check/folded-statics.ts';
import { readCompilerMessages } from './compiler-messages.ts';
import { compileUnit } from './compile-unit.ts';
import type { CompiledUnit } from '../differ/differ.ts';
import { changedConstants } from '../differ/own-constants.ts';
import { editsOf, type PatchedUnit, writeReplacements } from '../patched-unit.ts';
import { type Refused, refused } from '../refused.ts';
import { reason } from '../reason.ts';
import { checkStructLayouts } from '../check/struct-layout.ts';
import type { Unit } from '../unit/unit.ts';
import type { Workbench } from '../workbench.ts';

export type CompileGiven = {
  unit: Unit;
  source: PatchedUnit;
  /** Scratch directory. */ out: string;
};

/** Compiles the patched source to `out/patched.o`. */
export async function makePatchedObject(
  ctx: StageContext,
  bench: Workbench,
  { unit, source, out }: CompileGiven,
): Promise<CompiledUnit | Refused> {
  const given = { directory: join(out, 'patched'), render: keepLineNumbers };
  const replacements = await writeReplacements(editsOf(source), given);
  const input = { command: unit.command, out, replacements, name: 'patched.o' };
  const [failure, after, layouts] = await Promise.all([
    compileUnit(ctx, bench, input),
    patchedSymvers(ctx, bench, { unit, replacements }),
    checkStructLayouts(ctx, bench, { unit, source, replacements, out }),
  ]);
  if (failure) return explainFailure(ctx, bench, { unit, source, out }, failure.messages);
  if (!layouts) throw new LabError('bug', `${unit.path} compiles, but not with debug information`);
  const read = async (file: string) => readElf(await readFile(file), file);
  const [original, patched] = await Promise.all([
    read(join(unit.directory, 'original.o')),
    read(join(out, 'patched.o')),
  ]);
  const objects = { original, patched };
  const exports = changedExports(unit.path, objects, { before: unit.command.symvers, after });
  const folded = foldedStatics(objects, source).map((name) => reason('DA12', { file: unit.path, name }));
  const reasons = [...layouts, ...exports, ...folded];
  if (reasons.length > 0) return refused(...reasons);
  const constants = changedConstants(original, patched).map((name) => reason('DA11', { file: unit.path, name }));
  return { unit, source, out, notes: [...leftOutExports(unit.path, objects), ...constants] };
}

/** Compiles once more without #line directives: then every line is one of the developer's file, columns and all. */
async function explainFailure(
  ctx: StageContext,
  bench: Workbench,
  { unit, source, out }: CompileGiven,
  firstMessages: string,
): Promise<Refused> {
  const given = { directory: join(out, 'plain'), render: ({ text }: Applied) => text };
  const replacements = await writeReplacements(editsOf(source), given);
  const input = { command: unit.command, out, replacements, name: 'plain.o' };
  const failure = await compileUnit(ctx, bench, input);
  const root = `${bench.kernel.source}/`;
  const reasons = readCompilerMessages(failure?.messages ?? firstMessages)
    .filter(({ severity }) => severity === 'error')
    .map(({ file, line, text, function: name }) => {
      const path = file.startsWith(root) ? file.slice(root.length) : file;
      return reason('does-not-compile', { file: path, line, message: text, ...(name ? { function: name } : {}) });
    });
  return { verdict: 'failed', reasons };
}
