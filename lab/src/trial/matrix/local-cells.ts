// Runs cells on this machine. A kernel is prepared once for all of its cells, a patch built once for all of its workloads, and
// every machine begins from a snapshot.

import { createHash, randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BuildReason, BuildResult } from '../../build/result.ts';
import { type TargetParts, targetParts } from '../../build/prepare-target.ts';
import { memo } from '../../core/memo.ts';
import { type OpContext, runStage } from '../../core/operation.ts';
import type { Site } from '../../core/site.ts';
import { raceSignal } from '../../core/wait.ts';
import { type BootTarget, resolveBootTarget } from '../../kernel/boot-target.ts';
import { lineInPatch } from '../../patch/line-in-patch.ts';
import { affectsVersion } from '../choose-kernel.ts';
import { figureLines } from '../figure-lines.ts';
import { type GroundRequest, trialGround } from '../ground.ts';
import { runTrial, type TrialGround } from '../trial.ts';
import { openTurns } from '../turns.ts';
import type { CellDiagnostic, CellOutcome } from './cell-result.ts';
import type { Cell } from './matrix-file.ts';
import { openRoom } from './room.ts';
import type { CellRunner } from './run-matrix.ts';

export type LocalRequest = {
  site: Site;
  /** How many cells at once. */
  jobs: number;
  start: GroundRequest['start'];
  /** Where the built modules go. */
  modules: string;
};

/** A kernel that is shared by its cells. */
type SharedKernel = {
  target: () => Promise<BootTarget>;
  /** Everything it takes to boot it and to build for it; made once. */
  prepared: () => Promise<TargetParts>;
  builds: Map<string, () => Promise<BuildResult>>;
};

/** `ctx` is that of the whole matrix: what is shared is prepared in its name. */
export function localCells({ site, jobs, start, modules }: LocalRequest, ctx: OpContext): CellRunner {
  const room = openRoom();
  const turns = openTurns(availableParallelism());
  const kernels = new Map<string, SharedKernel>();
  const kernelOf = ({ kernel, target }: Cell): SharedKernel => {
    const known = kernels.get(kernel) ?? shareKernel(ctx, site, kernel, target);
    kernels.set(kernel, known);
    return known;
  };
  return {
    atOnce: jobs,
    releaseOf: async (cell) => (await kernelOf(cell).target()).release,
    run: async (cell, directory, inner) => {
      const shared = kernelOf(cell);
      const target = await shared.target();
      const { scenario } = cell;
      if (!scenario.patches.some((patch) => affectsVersion(patch, target.version))) return notAffected(target);
      const parts = await shared.prepared();
      const name = `cell-${randomBytes(5).toString('hex')}`;
      const { cpus, memoryMiB } = scenario;
      const waiting = () =>
        inner.emit({ type: 'stage.start', stage: 'room', title: 'waiting for room on this machine' });
      const leave = await room.enter({ name, cpus, memoryMiB }, inner.signal, waiting);
      try {
        const own = trialGround({ site, target, machineName: name, parts, start, turns, besideOthers: jobs > 1 });
        const ground = shareBuilds(own, shared.builds, join(modules, cell.kernel), ctx);
        const { evidence, verdict } = await runTrial(scenario, ground, directory, inner);
        return {
          verdict: verdict.verdict,
          reasons: verdict.reasons,
          figures: figureLines(evidence),
          diagnostics: evidence.patches.flatMap(({ build, diff }) =>
            build.reasons.map((reason) => inPatch(diff, reason)),
          ),
          release: target.release,
          report: 'report.html',
        };
      } finally {
        leave();
      }
    },
  };
}

function shareKernel(
  ctx: OpContext,
  site: Site,
  name: string,
  { name: targetName, back }: Cell['target'],
): SharedKernel {
  // Several kernels are prepared side by side: each in a stage of its own.
  const target = memo(() =>
    runStage(ctx, { id: `target-${name}`, title: `kernel ${name}` }, async (stage) => {
      const found = await resolveBootTarget(stage, site, targetName, back);
      stage.note(found.release);
      return found;
    }),
  );
  const prepared = memo(async () => {
    const found = await target();
    return runStage(ctx, { id: `prepare-${name}`, title: `prepare ${found.release}` }, async (stage) => {
      const parts = targetParts(stage, site, found);
      await parts.whole();
      return parts;
    });
  });
  return { target, prepared, builds: new Map() };
}

/** The ground, on which a patch that another cell of the kernel has built is not built again. */
function shareBuilds(ground: TrialGround, builds: SharedKernel['builds'], room: string, ctx: OpContext): TrialGround {
  return {
    ...ground,
    build: (patch, diff, inner, { replace = true } = {}) => {
      const hash = createHash('sha256').update(`${diff}${replace}`).digest('hex').slice(0, 12);
      const key = `${patch.name}-${hash}`;
      const build =
        builds.get(key) ??
        memo(() =>
          runStage(ctx, { id: `build-${key}`, title: `build ${patch.name} for ${ground.release}` }, (stage) =>
            ground.build(patch, diff, stage, { replace, out: join(room, `${key}.ko`) }),
          ),
        );
      builds.set(key, build);
      return raceSignal(build(), inner.signal);
    },
  };
}

function inPatch(diff: string, reason: BuildReason): CellDiagnostic {
  const patchLine = lineInPatch(diff, reason.file, reason.line);
  return { ...reason, ...(patchLine === undefined ? {} : { patchLine }) };
}

function notAffected({ release }: BootTarget): CellOutcome {
  const reasons = [`${release} has nothing that the patch mends, by its \`affects\``];
  return { verdict: 'not-affected', reasons, figures: [], diagnostics: [], release };
}
