// The livepatches of a trial, before anything is loaded: built from their diffs, or read when they are ready modules; and what
// acts need beside them.

import { readFile } from 'node:fs/promises';
import { LabError } from '../core/error.ts';
import type { BuildResult } from '../build/result.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { readLivepatchModule } from '../klp/module-file.ts';
import type { ActRequest, Livepatch } from './acts/act-request.ts';
import { actsAsked } from './acts/play-acts.ts';
import type { Evidence, PatchEvidence } from './evidence.ts';
import type { Scenario, ScenarioPatch } from './scenario.ts';

/** `out`: where to put the module; in the cache without. `replace`: atomic replace, the default. */
export type PatchBuilder = (
  patch: Pick<ScenarioPatch, 'name'>,
  diff: string,
  ctx: OpContext,
  options?: { out?: string; replace?: boolean },
) => Promise<BuildResult>;

export type PreparedPatches = {
  evidence: Pick<Evidence, 'patches' | 'acts'>;
  /** For the acts, one for each patch. */
  versions: ActRequest['versions'][];
  /** The first patch, the first two, and so on, each as one livepatch; empty when the scenario does not want them. */
  cumulative: Livepatch[];
};

/** One after the other. A patch that cannot be built is evidence; rejects as building does, or with `usage.invalid`. */
export async function buildPatches(
  scenario: Scenario,
  { build }: { build: PatchBuilder },
  ctx: OpContext,
): Promise<PreparedPatches> {
  const patches: PatchEvidence[] = [];
  const versions: PreparedPatches['versions'] = [];
  for (const patch of scenario.patches) {
    const evidence = await buildPatch(patch, build, ctx);
    patches.push(evidence);
    versions.push(
      evidence.build.verdict === 'built'
        ? await buildVersions(patch, evidence.diff, build, ctx)
        : { replacing: [], stacked: [] },
    );
  }
  if (!scenario.cumulative) return { evidence: { patches }, versions, cumulative: [] };
  const isBuilt = patches.every((patch) => patch.build.verdict === 'built');
  const cumulative = isBuilt ? await buildCumulative(patches, build, ctx) : [];
  return { evidence: { patches, acts: { asked: ['cumulative'], played: [] } }, versions, cumulative };
}

async function buildPatch(patch: ScenarioPatch, build: PatchBuilder, ctx: OpContext): Promise<PatchEvidence> {
  const { name, title, reproducer, source } = patch;
  const diff = source.kind === 'diff' ? await readFile(source.path, 'utf8') : '';
  return {
    ...{ name, title, diff, reproducer: [], transitions: [] },
    build: source.kind === 'diff' ? await build(patch, diff, ctx) : await readyModule(patch, ctx),
    expectsReproducer: reproducer !== undefined,
    comesFirst: patch.modulesLoad === 'after',
    acts: { asked: actsAsked(patch.acts), played: [] },
  };
}

async function buildVersions({ name, acts }: ScenarioPatch, diff: string, build: PatchBuilder, ctx: OpContext) {
  const replacing: Livepatch[] = [];
  const stacked: Livepatch[] = [];
  for (let version = 2; version <= Math.max(acts.replace, acts.second ? 2 : 0); version++)
    replacing.push(await buildMore({ name: `v${version}-${name}`, diff, replace: true }, build, ctx));
  for (let version = 1; version <= acts.stack; version++)
    stacked.push(await buildMore({ name: `s${version}-${name}`, diff, replace: false }, build, ctx));
  return { replacing, stacked };
}

async function buildCumulative(patches: readonly PatchEvidence[], build: PatchBuilder, ctx: OpContext) {
  const all: Livepatch[] = [];
  for (const index of patches.keys()) {
    const diff = patches.slice(0, index + 1).map((patch) => patch.diff);
    all.push(await buildMore({ name: `all-${index + 1}`, diff: diff.join('\n'), replace: true }, build, ctx));
  }
  return all;
}

/** What was built alone and does not build so is no fault of a patch. */
async function buildMore(
  { name, diff, replace }: { name: string; diff: string; replace: boolean },
  build: PatchBuilder,
  ctx: OpContext,
): Promise<Livepatch> {
  const { verdict, module, moduleName, reasons } = await build({ name }, diff, ctx, { replace });
  if (verdict !== 'built' || module === undefined)
    throw new LabError(
      'scenario.invalid',
      `${name} is ${verdict}: ${reasons.map(({ message }) => message).join('; ')}`,
      {
        hint: 'leave out the act that needs it',
      },
    );
  return { module: moduleName, content: await readFile(module) };
}

/** Which functions it patches is told by the kernel once it is loaded. */
async function readyModule({ name, source }: ScenarioPatch, ctx: OpContext): Promise<BuildResult> {
  return runStage(ctx, { id: `module-${name}`, title: `module ${name}` }, async () => {
    const { name: moduleName } = await readLivepatchModule(source.path);
    return {
      verdict: 'built',
      engine: 'ready',
      module: source.path,
      moduleName,
      functions: [],
      reasons: [],
      stages: [],
    };
  });
}
