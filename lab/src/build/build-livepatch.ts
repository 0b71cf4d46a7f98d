// From a source patch to a livepatch module for a stock kernel, without building that kernel (engine objdiff): compile the
// touched units before and after, extract what changed, link, and check at every step that the result fits the target.

import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { TargetKernel } from '../kernel/target.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';
import { checkModule } from './check-module.ts';
import { diffUnit, type UnitDiff } from './diff-unit.ts';
import { type BuildFacts, ensureBuildFacts } from './kernel-facts.ts';
import { ensureHook, linkModule } from './link-module.ts';
import { moduleNameFor } from './module-name.ts';
import { ensureModuleRecipe } from './module-recipe.ts';
import { makePatchedObject } from './patched-object.ts';
import { preparePatch, type PatchedUnit } from './prepare-patch.ts';
import { allOrRefused, isRefused, type Refused, refused } from './refused.ts';
import type { BuildReason, BuildResult } from './result.ts';
import { reason } from './reason.ts';
import { withScratch } from './scratch.ts';
import { recordStages, type StageRecorder } from './stage-recorder.ts';
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
  const built = moduleName
    ? await build(request, moduleName, recorder)
    : refused(reason('NP16', { name: request.patchName }));
  const common = { engine: 'objdiff', moduleName: moduleName ?? '', stages: recorder.stages } as const;
  if (isRefused(built)) return { ...common, verdict: built.verdict, functions: [], reasons: built.reasons };
  return { ...common, verdict: 'built', module: built.module, functions: built.functions, reasons: [] };
}

type Built = Pick<BuildResult, 'functions'> & { module: string };

async function build(request: BuildRequest, moduleName: string, recorder: StageRecorder): Promise<Built | Refused> {
  const sources = await runStage(recorder.ctx, { id: 'apply', title: 'patch and source' }, () =>
    preparePatch(request.patch, request.kernel),
  );
  if (isRefused(sources)) return sources;
  const built = await buildFrom(request, { sources, moduleName, recorder });
  return isRefused(built) ? { ...built, reasons: withPlaces(built.reasons, sources) } : built;
}

type Prepared = { sources: readonly PatchedUnit[]; moduleName: string; recorder: StageRecorder };

async function buildFrom(request: BuildRequest, { sources, moduleName, recorder }: Prepared): Promise<Built | Refused> {
  const { ctx } = recorder;
  const bench = await openWorkbench(ctx, request);
  const facts = await ensureBuildFacts(ctx, bench);
  return withScratch(bench.room, async (scratch) => {
    const [hook, diffs] = await runTogether(ctx, [
      async (inner) => {
        const recipe = await ensureModuleRecipe(inner, bench, facts);
        return {
          recipe,
          hook: await ensureHook(inner, bench, { recipe, facts, moduleName, replace: request.replace }),
        };
      },
      (inner) => diffAll({ ...recorder, ctx: inner }, bench, { sources, facts, moduleName, scratch }),
    ]);
    if (isRefused(diffs)) return diffs;
    const functions = diffs.flatMap((diff) => diff.functions);
    const objects = diffs.flatMap((diff, index) => (diff.output ? [`unit${index}/diff.o`] : []));
    if (objects.length === 0) return refused(...sources.map(({ path }) => reason('no-change', { file: path })));
    const module = await runStage(recorder.ctx, { id: 'link', title: 'link the module' }, (stage) =>
      linkModule(stage, bench, { ...hook, moduleName, objects, out: scratch }),
    );
    const reasons = await runStage(recorder.ctx, { id: 'check', title: 'check the module against the target' }, () =>
      checkModule(bench, { module, facts, diffs }),
    );
    if (reasons.length > 0) return refused(...reasons);
    return { module: await keepModule(request, bench, { module, moduleName }), functions };
  });
}

type Sources = { sources: readonly PatchedUnit[]; facts: BuildFacts; moduleName: string; scratch: string };

/** All units side by side; every unit's reasons are reported, not only those of the first that fails. */
async function diffAll(recorder: StageRecorder, bench: Workbench, given: Sources): Promise<UnitDiff[] | Refused> {
  const acts = given.sources.map(
    (source, index) => (inner: OpContext) => diffOne({ ...recorder, ctx: inner }, bench, { ...given, source, index }),
  );
  return allOrRefused<UnitDiff>(await runTogether(recorder.ctx, acts));
}

async function diffOne(
  recorder: StageRecorder,
  bench: Workbench,
  given: Omit<Sources, 'sources'> & { source: PatchedUnit; index: number },
): Promise<UnitDiff | Refused> {
  const { source, facts, moduleName, scratch, index } = given;
  const unit = await ensureUnit(recorder.ctx, bench, { path: source.path, facts });
  if (isRefused(unit)) return unit;
  const out = join(scratch, `unit${index}`);
  await mkdir(out);
  const name = source.path.split('/').at(-1);
  const object = await runStage(recorder.ctx, { id: `compile-${index}`, title: `compile ${name}` }, (stage) =>
    makePatchedObject(stage, bench, { unit, source, facts, out }),
  );
  if (isRefused(object)) return object;
  return runStage(recorder.ctx, { id: `diff-${index}`, title: `extract what changed in ${name}` }, (stage) =>
    diffUnit(stage, bench, { unit, source, facts, moduleName, out }),
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
