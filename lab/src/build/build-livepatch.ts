// From a source patch to a livepatch module for a stock kernel, without building that kernel (engine objdiff): compile the
// touched units before and after, extract what changed, link, and check at every step that the result fits the target.

import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { TargetKernel } from '../kernel/target.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';
import { affectedUnits, type AffectedUnits, defaultMaxUnits } from './reach/affected-units.ts';
import { checkModule } from './check/check-module.ts';
import { chooseDiffer } from './differ/choose-differ.ts';
import { compileUnits, type UnitSources } from './compile/compile-units.ts';
import type { UnitDiff } from './differ/differ.ts';
import { insteadOf } from './engine-for.ts';
import { keepModule } from './keep-module.ts';
import { ensureBuildFacts } from './kernel-facts.ts';
import { ensureFrameObject, linkModule } from './link/link-module.ts';
import { moduleNameFor } from './module-name.ts';
import { ensureModuleRecipe } from './link/module-recipe.ts';
import type { PatchedSource, PatchedUnit } from './patched-unit.ts';
import { preparePatch } from './prepare-patch.ts';
import { withPlaces } from './reason-places.ts';
import { isRefused, type Refused, refused } from './refused.ts';
import type { BuildReason, BuildResult } from './result.ts';
import { reason } from './reason.ts';
import { withScratch } from './scratch.ts';
import { recordStages } from './stage-recorder.ts';
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
  /** How many units may be rebuilt for a header that the patch edits. */
  maxUnits?: number;
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
  const { kind, release, buildTree } = request.kernel;
  const { differ, because, config } = await chooseDiffer(buildTree);
  const bench = await openWorkbench(recorder.ctx, request);
  const { maxUnits = defaultMaxUnits } = request;
  return withScratch(bench.room, async (scratch) => {
    const affected = await affectedUnits(recorder.ctx, bench, { sources, scratch, maxUnits });
    if (isRefused(affected)) return not(affected);
    const which = `${kind === 'stock' ? 'stock kernel' : 'your own build of'} ${release}, ${extent(affected)}`;
    const others = insteadOf({ kind, release, config });
    const choice = `objdiff: ${which}, differ ${differ.name} (${because}), ${others}`;
    if (affected.units.length === 0) return { ...not(refused(...withoutUnits(sources, affected))), choice };
    const facts = await ensureBuildFacts(recorder.ctx, bench);
    const prepared = { sources: affected.units, moduleName, differ, facts, scratch };
    const built = await buildFrom(recorder.ctx, request, bench, prepared);
    if (isRefused(built)) return { ...not({ ...built, reasons: withPlaces(built.reasons, affected.units) }), choice };
    return {
      ...common,
      choice,
      verdict: 'built',
      ...built,
      notes: withPlaces(built.notes, affected.units),
      reasons: [],
    };
  });
}

function extent({ units, including }: AffectedUnits): string {
  const count = units.length === 1 ? '1 unit' : `${units.length} units`;
  return including > 0 ? `${count} (${including} include what the patch edits)` : count;
}

/** Reasons why a patch of headers reaches no unit. */
const withoutUnits = (sources: readonly PatchedSource[], { including }: AffectedUnits) =>
  sources.map(({ path, applied }) =>
    reason(including > 0 ? 'no-change' : 'unit-not-built', { file: path, line: applied.changes[0]?.newLine }),
  );

type Built = Pick<BuildResult, 'functions'> & { module: string; notes: BuildReason[] };

async function buildFrom(
  ctx: OpContext,
  request: BuildRequest,
  bench: Workbench,
  prepared: UnitSources,
): Promise<Built | Refused> {
  const { sources, moduleName, differ, facts, scratch } = prepared;
  const { frame } = differ;
  const [framed, extracted] = await runTogether(ctx, [
    async (inner) => {
      const recipe = await ensureModuleRecipe(inner, bench, { frame, facts });
      const given = { frame, recipe, facts, moduleName, replace: request.replace };
      return { recipe, frameObject: await ensureFrameObject(inner, bench, given) };
    },
    async (inner) => {
      const units = await compileUnits(inner, bench, prepared);
      if (isRefused(units)) return units;
      const found = await differ.extract(inner, bench, { units, facts, moduleName, scratch });
      return isRefused(found) ? found : { ...found, notes: units.flatMap(({ notes = [] }) => notes) };
    },
  ]);
  if (isRefused(extracted)) return extracted;
  const { objects, notes } = extracted;
  if (objects.length === 0) {
    const unheeded = notes.filter(({ rule }) => rule === 'NP08');
    return refused(...sources.map(({ path }) => reason('no-change', { file: path })), ...unheeded);
  }
  const diffs = extracted.diffs.filter((diff) => diff.functions.length > 0 || isEdited(sources, diff));
  const { module, warnings } = await runStage(ctx, { id: 'link', title: 'link the module' }, (stage) =>
    linkModule(stage, bench, { ...framed, frame, facts, moduleName, objects, out: scratch }),
  );
  const reasons = await runStage(ctx, { id: 'check', title: 'check the module against the target' }, () =>
    checkModule(bench, { module, facts, diffs, differ, warnings }),
  );
  if (reasons.length > 0) return refused(...reasons);
  const functions = diffs.flatMap((diff) => diff.functions);
  return { module: await keepModule(bench, { module, moduleName, out: request.out }), functions, notes };
}

const isEdited = (sources: readonly PatchedUnit[], { unit }: UnitDiff) =>
  sources.some(({ path, applied }) => path === unit.path && applied.changes.length > 0);
