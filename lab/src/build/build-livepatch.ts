// From a source patch to a livepatch module for a stock kernel, without building that kernel (engine objdiff): compile the
// touched units before and after, extract what changed, link, and check at every step that the result fits the target.

import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { TargetKernel } from '../kernel/target.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';
import { checkModule } from './check-module.ts';
import { chooseDiffer } from './choose-differ.ts';
import type { CompiledUnit, Differ } from './differ.ts';
import { type BuildFacts, ensureBuildFacts } from './kernel-facts.ts';
import { ensureFrameObject, linkModule } from './link-module.ts';
import { moduleNameFor } from './module-name.ts';
import { ensureModuleRecipe } from './module-recipe.ts';
import { makePatchedObject } from './patched-object.ts';
import { preparePatch, type PatchedUnit } from './prepare-patch.ts';
import { allOrRefused, isRefused, type Refused, refused } from './refused.ts';
import type { BuildReason, BuildResult } from './result.ts';
import { reason } from './reason.ts';
import { withScratch } from './scratch.ts';
import { recordStages } from './stage-recorder.ts';
import { ensureUnit } from './unit.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

export type BuildRequest = {
  /** Unified diff. */
  patch: string;
  /** File name of the patch; names the module. */
  patchName: string;
  kernel: TargetKernel;
  /** Directory with the unpacked kpatch-build package. */
  kpatch: string;
  /** Root in which kpatch's tools run. */
  labRoot: Toolroot;
  /** Room for cached objects. */
  cache: string;
  /** Where to put the module; in the cache when absent. */
  out?: string;
  /** Atomic replace: loading it takes the place of all livepatches loaded before. */
  replace: boolean;
};

/** Builds the livepatch. A patch that cannot be one is a result with reasons; an exception means we could not find out. */
export async function buildLivepatch(request: BuildRequest, ctx: OpContext): Promise<BuildResult> {
  const recorder = recordStages(ctx);
  const moduleName = moduleNameFor(request.patchName);
  const common = { engine: 'objdiff', moduleName: moduleName ?? '', stages: recorder.stages } as const;
  const not = ({ verdict, reasons }: Refused) => ({ ...common, verdict, functions: [], reasons });
  if (!moduleName) return not(refused(reason('NP16', { name: request.patchName })));
  const sources = await runStage(recorder.ctx, { id: 'apply', title: 'patch and source' }, () =>
    preparePatch(request.patch, request.kernel),
  );
  if (isRefused(sources)) return not(sources);
  const { differ, because } = await chooseDiffer(request.kernel.buildTree);
  const units = sources.length === 1 ? '1 unit' : `${sources.length} units`;
  const choice = `objdiff: stock kernel ${request.kernel.release}, ${units}, differ ${differ.name} (${because})`;
  const built = await buildFrom(recorder.ctx, request, { sources, moduleName, differ });
  if (isRefused(built)) return { ...not({ ...built, reasons: withPlaces(built.reasons, sources) }), choice };
  return { ...common, choice, verdict: 'built', module: built.module, functions: built.functions, reasons: [] };
}

type Built = Pick<BuildResult, 'functions'> & { module: string };
type Prepared = { sources: readonly PatchedUnit[]; moduleName: string; differ: Differ };

async function buildFrom(ctx: OpContext, request: BuildRequest, prepared: Prepared): Promise<Built | Refused> {
  const { sources, moduleName, differ } = prepared;
  const { frame } = differ;
  const bench = await openWorkbench(ctx, request);
  const facts = await ensureBuildFacts(ctx, bench);
  return withScratch(bench.room, async (scratch) => {
    const [framed, extracted] = await runTogether(ctx, [
      async (inner) => {
        const recipe = await ensureModuleRecipe(inner, bench, { frame, facts });
        const given = { frame, recipe, facts, moduleName, replace: request.replace };
        return { recipe, frameObject: await ensureFrameObject(inner, bench, given) };
      },
      async (inner) => {
        const units = await compileAll(inner, bench, { ...prepared, facts, scratch });
        return isRefused(units) ? units : differ.extract(inner, bench, { units, facts, moduleName, scratch });
      },
    ]);
    if (isRefused(extracted)) return extracted;
    const { diffs, objects } = extracted;
    if (objects.length === 0) return refused(...sources.map(({ path }) => reason('no-change', { file: path })));
    const { module, warnings } = await runStage(ctx, { id: 'link', title: 'link the module' }, (stage) =>
      linkModule(stage, bench, { ...framed, frame, facts, moduleName, objects, out: scratch }),
    );
    const reasons = await runStage(ctx, { id: 'check', title: 'check the module against the target' }, () =>
      checkModule(bench, { module, facts, diffs, differ, warnings }),
    );
    if (reasons.length > 0) return refused(...reasons);
    const functions = diffs.flatMap((diff) => diff.functions);
    return { module: await keepModule(request, bench, { module, moduleName }), functions };
  });
}

export type Sources = Prepared & { facts: BuildFacts; scratch: string };

/** All units side by side; every unit's reasons are reported, not only those of the first that fails. */
export async function compileAll(ctx: OpContext, bench: Workbench, given: Sources): Promise<CompiledUnit[] | Refused> {
  const acts = given.sources.map(
    (source, index) => (inner: OpContext) => compileOne(inner, bench, { ...given, source, index }),
  );
  return allOrRefused<CompiledUnit>(await runTogether(ctx, acts));
}

async function compileOne(
  ctx: OpContext,
  bench: Workbench,
  { source, facts, differ, scratch, index }: Omit<Sources, 'sources'> & { source: PatchedUnit; index: number },
): Promise<CompiledUnit | Refused> {
  const unit = await ensureUnit(ctx, bench, { path: source.path, facts, finish: differ.finishOriginal });
  if (isRefused(unit)) return unit;
  const out = join(scratch, `unit${index}`);
  await mkdir(out);
  const name = source.path.split('/').at(-1);
  return runStage(ctx, { id: `compile-${index}`, title: `compile ${name}` }, (stage) =>
    makePatchedObject(stage, bench, { unit, source, out }),
  );
}

/** A reason that knows no better place gets that of the first change of its file, or of the patch. */
function withPlaces(reasons: readonly BuildReason[], sources: readonly PatchedUnit[]): BuildReason[] {
  return reasons.map((each) => {
    const source = sources.find(({ path }) => path === (each.file ?? path));
    const line = each.line ?? source?.applied.changes[0]?.newLine;
    return { ...each, ...(source ? { file: source.path } : {}), ...(line === undefined ? {} : { line }) };
  });
}

async function keepModule(
  { out }: BuildRequest,
  { room }: Workbench,
  { module, moduleName }: { module: string; moduleName: string },
): Promise<string> {
  const kept = out ?? join(room, 'modules', `${moduleName}.ko`);
  await mkdir(dirname(kept), { recursive: true });
  await copyFile(module, kept);
  return kept;
}
