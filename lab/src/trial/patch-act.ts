// One patch of a trial, from the old behaviour to the new one and back, on a machine that is being recorded.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLabError, LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { disableLivepatch } from '../klp/disable-livepatch.ts';
import { loadLivepatch } from '../klp/load-livepatch.ts';
import type { TransitionResult } from '../klp/transition.ts';
import { unloadLivepatch } from '../klp/unload-livepatch.ts';
import type { RunningMachine } from '../vm/machine.ts';
import type { PatchEvidence, ReproducerEvidence, TransitionEvidence } from './evidence.ts';
import type { Recording } from './recording.ts';
import { reproduce } from './reproduce.ts';
import type { Scenario, ScenarioPatch } from './scenario.ts';

export type PatchActRequest = {
  scenario: Scenario;
  patch: ScenarioPatch;
  index: number;
  machine: RunningMachine;
  recording: Recording;
};

/** Plays the patch through and writes what it sees into `evidence`, so that an early end loses nothing. */
export async function playPatch(request: PatchActRequest, evidence: PatchEvidence, ctx: OpContext): Promise<void> {
  const { scenario, patch, index, recording } = request;
  const title = `${patch.name}: ${patch.title}`;
  await runStage(ctx, { id: patch.name, title }, async (stage) => {
    const { build } = evidence;
    if (!build.module) return;
    for (const module of patch.modules) await loadTargetModule(request, module, stage);
    if (patch.setup) await runSetup(request, patch.setup, stage);
    await show(request, 'before', evidence, stage);
    const content = await readFile(build.module);
    evidence.moduleSha256 = createHash('sha256').update(content).digest('hex');
    const isLive = await recording.phase('load', index, () => load(request, content, evidence, stage));
    if (!isLive) return;
    await recording.phase('live', index, async () => {
      await show(request, 'live', evidence, stage);
      await runStage(stage, { id: 'soak', title: `soak ${scenario.soakMs / 1000} s` }, () =>
        sleep(scenario.soakMs, undefined, stage),
      );
    });
    const isGone = await recording.phase('unload', index, () => unload(request, evidence, stage));
    if (isGone) await show(request, 'after', evidence, stage);
  });
}

/** A module of the target that the patch changes, loaded the way its users would. */
async function loadTargetModule({ machine }: PatchActRequest, module: string, ctx: OpContext): Promise<void> {
  await runStage(ctx, { id: `modprobe-${module}`, title: `modprobe ${module}` }, async (stage) => {
    const { exitCode, stderr } = await machine.guest.exec(['modprobe', module], { signal: stage.signal });
    if (exitCode !== 0) stage.note(stderr.trim());
  });
}

/** A set-up that fails is a fault of the scenario. */
async function runSetup({ machine, patch }: PatchActRequest, script: string, ctx: OpContext): Promise<void> {
  await runStage(ctx, { id: 'setup', title: 'set-up' }, async (stage) => {
    const { exitCode, stderr } = await machine.guest.script(script, { signal: stage.signal });
    if (exitCode !== 0)
      throw new LabError('scenario.invalid', `the set-up of ${patch.name} ended with ${exitCode}: ${stderr.trim()}`, {
        hint: 'mend `setup` in the scenario',
      });
  });
}

const showTitles = { before: 'old behaviour', live: 'new behaviour', after: 'old behaviour again' } as const;

async function show(
  request: PatchActRequest,
  when: ReproducerEvidence['when'],
  evidence: PatchEvidence,
  ctx: OpContext,
) {
  const { patch, machine } = request;
  if (!patch.reproducer) return;
  await runStage(ctx, { id: `show-${when}`, title: showTitles[when] }, async (stage) => {
    evidence.reproducer.push(await reproduce(machine.guest, patch, when, stage));
  });
}

/** True when the patch is live; a refusal by the kernel or a stall is evidence. */
async function load(
  { scenario, machine, recording }: PatchActRequest,
  content: Uint8Array,
  evidence: PatchEvidence,
  ctx: OpContext,
) {
  const module = evidence.build.moduleName;
  const timeoutMs = scenario.transitionTimeoutMs;
  try {
    const result = await loadLivepatch({ guest: machine.guest, module, content, timeoutMs }, ctx);
    evidence.transitions.push(toEvidence(result, recording));
    // Rolled back, the patch stays loaded but disabled.
    if (result.outcome === 'reversed') await unloadLivepatch({ guest: machine.guest, module }, ctx);
    return result.outcome === 'complete';
  } catch (error) {
    if (!isLabError(error, 'klp.load-rejected')) throw error;
    evidence.rejection = error.message;
    return false;
  }
}

async function unload(
  { scenario, machine, recording }: PatchActRequest,
  evidence: PatchEvidence,
  ctx: OpContext,
): Promise<boolean> {
  const module = evidence.build.moduleName;
  const result = await disableLivepatch({ guest: machine.guest, module, timeoutMs: scenario.transitionTimeoutMs }, ctx);
  evidence.transitions.push(toEvidence(result, recording));
  if (result.outcome !== 'complete') return false;
  await unloadLivepatch({ guest: machine.guest, module }, ctx);
  return true;
}

/** Host times become times of the recording. */
function toEvidence(
  { startedAt, endedAt, samples, ...rest }: TransitionResult,
  { startedAt: origin }: Recording,
): TransitionEvidence {
  return {
    ...rest,
    fromMs: startedAt - origin,
    toMs: endedAt - origin,
    samples: samples.map(({ at, ...counts }) => ({ atMs: at - origin, ...counts })),
  };
}
