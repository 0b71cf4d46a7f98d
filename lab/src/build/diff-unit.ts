// Extracts what a patch changed in one translation unit into an object of its own, with kpatch's create-diff-object, and
// checks every changed function against the running kernel.

import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { readElf } from '../kernel/elf.ts';
import { findDefinition, findFunction } from '../patch/find-function.ts';
import { coldPartsLeftBehind, padSections } from './cold-parts.ts';
import { type ChangePlace, readDiffMessages, reasonsOfFailure } from './diff-messages.ts';
import type { BuildFacts } from './kernel-facts.ts';
import type { PatchedUnit } from './prepare-patch.ts';
import { type Refused, refused } from './refused.ts';
import type { BuildReason, PatchedFunction } from './result.ts';
import { reason } from './reason.ts';
import type { Unit } from './unit.ts';
import { inside, withKpatch, type Workbench } from './workbench.ts';

export type UnitDiff = {
  unit: Unit;
  /** The whole patched object. */
  patched: string;
  /** Object with the changed functions; absent when the patch changes no machine code here. */
  output?: string;
  functions: PatchedFunction[];
};

export type DiffGiven = { unit: Unit; source: PatchedUnit; facts: BuildFacts; moduleName: string; out: string };

/** Diffs `out/original.o` and `out/patched.o` into `out/diff.o`. */
export async function diffUnit(ctx: StageContext, bench: Workbench, given: DiffGiven): Promise<UnitDiff | Refused> {
  const { unit, source, out } = given;
  const patched = join(out, 'patched.o');
  const place = placeOf(source);
  const { lineOf } = place;
  const { output, exitCode } = await compare(ctx, bench, given, place);
  const messages = readDiffMessages(output, place);
  if (exitCode === 3 && messages.reasons.length === 0) return { unit, patched, functions: [] };
  if (exitCode !== 0) return refused(...reasonsOfFailure(output, place));
  const reasons = [
    ...messages.reasons,
    ...(await notPatchable(bench, unit, messages.changed, lineOf)),
    ...notFaithful(unit, messages.changed, lineOf),
    ...inlinedElsewhere(unit, messages.changed, lineOf),
  ];
  if (reasons.length > 0) return refused(...reasons);
  const function_ = (kind: 'changed' | 'new') => (name: string) => ({
    object: unit.object,
    name,
    kind,
    file: unit.path,
  });
  const functions = [...messages.changed.map(function_('changed')), ...messages.added.map(function_('new'))];
  return { unit, patched, output: join(out, 'diff.o'), functions };
}

/** Runs create-diff-object, and again when it would leave .cold parts of changed functions behind. */
async function compare(ctx: StageContext, bench: Workbench, given: DiffGiven, place: ChangePlace) {
  const run = async () => {
    const { stdout, stderr, exitCode } = await runCommand(diffCommand(bench, given), { signal: ctx.signal });
    return { output: `${stdout}\n${stderr}`, exitCode };
  };
  let result = await run();
  const { changed, added } = readDiffMessages(result.output, place);
  const patched = readElf(await readFile(join(given.out, 'patched.o')));
  const sections = result.exitCode === 0 ? coldPartsLeftBehind(patched, [...changed, ...added]) : [];
  if (sections.length > 0) {
    await padSections(ctx, bench, { out: given.out, sections });
    result = await run();
  }
  for (const text of result.output.split('\n'))
    if (text) ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
  return result;
}

/** The first change of the patch in this unit. */
function placeOf({ path, applied: { text, changes } }: PatchedUnit): ChangePlace {
  const line = changes[0]?.newLine ?? 1;
  const around = findFunction(text, line);
  const lineOf = (name: string) => findDefinition(text, name);
  return { file: path, line, lineOf, ...(around ? { function: around } : {}) };
}

/** Exit codes: 0 done, 1 error, 2 a difference it cannot handle, 3 no change. */
function diffCommand(bench: Workbench, { unit, facts, moduleName, out }: DiffGiven) {
  const at = (name: string) => `${inside.out}/${name}`;
  const symvers = `${bench.kernel.buildTree}/Module.symvers`;
  const objects = [at('original.o'), at('patched.o')] as const;
  return withKpatch(bench, {
    argv: ['create-diff-object', ...objects, unit.object, '/lpl/unit/symbols.txt', symvers, moduleName, at('diff.o')],
    out,
    binds: [{ host: unit.directory, inside: '/lpl/unit', access: 'read' }],
    env: facts.sizes,
    okCodes: [0, 1, 2, 3],
  });
}

type LineOf = (name: string) => number | undefined;

/** The name of a function as its source has it: the compiler appends .cold, .part.0, .isra.0, .constprop.0. */
const sourceName = (name: string) => name.replace(/\..*$/, '');

/** Changed functions that ftrace of the running kernel does not know. Modules: create-diff-object saw to it. */
async function notPatchable(bench: Workbench, unit: Unit, changed: string[], lineOf: LineOf): Promise<BuildReason[]> {
  if (unit.object !== 'vmlinux') return [];
  const known = new Set((await readFile(bench.kernel.facts.patchableFunctions, 'utf8')).split('\n'));
  return changed
    .filter((name) => !known.has(name) && !name.includes('.cold'))
    .map((name) => reason('NP02', { file: unit.path, function: name, line: lineOf(sourceName(name)) ?? 1 }));
}

/** Changed functions that are not proven to be what the target runs. */
function notFaithful({ path, fidelity }: Unit, changed: string[], lineOf: LineOf): BuildReason[] {
  return changed
    .filter((name) => fidelity[name] !== 'same')
    .map((name) => {
      const detail = fidelity[name] ?? 'the target has no such function';
      return reason('fidelity', { file: path, function: name, line: lineOf(sourceName(name)) ?? 1, detail });
    });
}

/** Unchanged functions of which the target holds a version with a changed function inside. */
function inlinedElsewhere({ path, inlined }: Unit, changed: string[], lineOf: LineOf): BuildReason[] {
  return changed.flatMap((name) => {
    const caller = inlined[name]?.find((each) => !changed.includes(each));
    return caller ? [reason('NP03', { file: path, function: name, line: lineOf(sourceName(name)) ?? 1, caller })] : [];
  });
}
