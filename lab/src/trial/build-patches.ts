// The livepatches of a trial, before anything is loaded: built from their diffs, or read when they are ready modules.

import { readFile } from 'node:fs/promises';
import type { BuildResult } from '../build/result.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { readLivepatchModule } from '../klp/module-file.ts';
import type { ActEvidence, PatchEvidence } from './evidence.ts';
import type { Scenario, ScenarioPatch } from './scenario.ts';

type Builder = { build(patch: ScenarioPatch, diff: string, ctx: OpContext): Promise<BuildResult> };

/** One after the other. A patch that cannot be built is evidence; rejects as building does, or with `usage.invalid`. */
export async function buildPatches(scenario: Scenario, ground: Builder, ctx: OpContext): Promise<PatchEvidence[]> {
  const patches: PatchEvidence[] = [];
  for (const patch of scenario.patches) {
    const { name, title, reproducer, source } = patch;
    const diff = source.kind === 'diff' ? await readFile(source.path, 'utf8') : '';
    const build = source.kind === 'diff' ? await ground.build(patch, diff, ctx) : await readyModule(patch, ctx);
    const expectsReproducer = reproducer !== undefined;
    const comesFirst = patch.modulesLoad === 'after';
    const acts = { asked: actsOf(patch), played: [] };
    patches.push({ name, title, diff, build, reproducer: [], expectsReproducer, comesFirst, acts, transitions: [] });
  }
  return patches;
}

const actsOf = ({ acts }: ScenarioPatch): ActEvidence['act'][] => [
  ...(acts.kprobe ? (['kprobe'] as const) : []),
  ...(acts.tracer === 'none' ? [] : (['tracer'] as const)),
  ...(acts.cycles > 0 ? (['cycles'] as const) : []),
];

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
