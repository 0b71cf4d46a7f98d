// One patch of a trial, from the old behaviour to the new one and back, on a machine that is being recorded.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLabError, LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { PatchedFunction } from '../build/result.ts';
import { disableLivepatch } from '../klp/disable-livepatch.ts';
import { readKlpStatus } from '../klp/klp-status.ts';
import { loadLivepatch } from '../klp/load-livepatch.ts';
import type { TransitionResult } from '../klp/transition.ts';
import { unloadLivepatch } from '../klp/unload-livepatch.ts';
import type { Guest } from '../vm/guest/guest.ts';
import type { RunningMachine } from '../vm/machine.ts';
import type { ActRequest } from './acts/act-request.ts';
import { playActs } from './acts/play-acts.ts';
import type { PatchEvidence, ReproducerEvidence, TransitionEvidence } from './evidence.ts';
import type { Recording } from './recording.ts';
import { reproduce } from './reproduce.ts';
import type { Scenario, ScenarioPatch } from './scenario.ts';
import type { Turns } from './turns.ts';

export type PatchActRequest = {
  scenario: Scenario;
  patch: ScenarioPatch;
  index: number;
  machine: RunningMachine;
  recording: Recording;
  turns: Turns;
} & Pick<ActRequest, 'kprobe' | 'versions'>;

/** The kernel tries anew once a second: three of its attempts must not get past a sleeper. */
const holdMs = 3500;

/** Plays the patch through and writes what it sees into `evidence`, so that an early end loses nothing. */
export async function playPatch(request: PatchActRequest, evidence: PatchEvidence, ctx: OpContext): Promise<void> {
  const { scenario, patch, index, machine, recording, turns } = request;
  const title = `${patch.name}: ${patch.title}`;
  await runStage(ctx, { id: patch.name, title }, async (stage) => {
    const { build } = evidence;
    if (!build.module) return;
    if (patch.modulesLoad === 'before') await loadTargetModules(request, stage);
    else await removeTargetModules(request, stage);
    if (patch.setup) await runSetup(request, patch.setup, stage);
    // What is in a module that comes later cannot be seen yet.
    if (patch.modulesLoad === 'before') await show(request, 'before', evidence, stage);
    const content = await readFile(build.module);
    evidence.moduleSha256 = createHash('sha256').update(content).digest('hex');
    const cpus = machine.config.cpusInTurns ? 1 : scenario.cpus;
    const inTurn = <T>(act: () => Promise<T>) => turns.take(cpus, stage.signal, act);
    const isLive = await inTurn(() => recording.phase('load', index, () => load(request, content, evidence, stage)));
    if (!isLive) return;
    await recording.phase('live', index, async () => {
      if (patch.modulesLoad === 'after') await loadTargetModules(request, stage);
      await show(request, 'live', evidence, stage);
      await runStage(stage, { id: 'soak', title: `soak ${scenario.soakMs / 1000} s` }, () =>
        sleep(scenario.soakMs, undefined, stage),
      );
    });
    const isGone = await inTurn(() => recording.phase('unload', index, () => unload(request, evidence, stage)));
    if (!isGone) return;
    await show(request, 'after', evidence, stage);
    const functions = evidence.build.functions.filter(({ kind }) => kind === 'changed').map(({ name }) => name);
    const act: ActRequest = {
      ...{ guest: machine.guest, patch, functions, timeoutMs: scenario.transitionTimeoutMs, holdMs },
      ...{ livepatch: { module: build.moduleName, content }, versions: request.versions, kprobe: request.kprobe },
      show: (inner) => showing(request, inner),
    };
    await playActs(act, (evidence.acts ??= { asked: [], played: [] }).played, stage);
  });
}

/** What the reproducer shows right now, beside the record. */
export async function showing({ patch, machine }: Pick<PatchActRequest, 'patch' | 'machine'>, ctx: OpContext) {
  if (!patch.reproducer) return undefined;
  return runStage(ctx, { id: 'show', title: 'behaviour' }, async (stage) => {
    return (await reproduce(machine.guest, patch, 'live', stage)).exitCode;
  });
}

/** Modules of the target that the patch is about, loaded the way their users would. */
async function loadTargetModules({ machine, patch }: PatchActRequest, ctx: OpContext): Promise<void> {
  for (const module of patch.modules)
    await runStage(ctx, { id: `modprobe-${module}`, title: `modprobe ${module}` }, async (stage) => {
      const { exitCode, stderr } = await machine.guest.exec(['modprobe', module], { signal: stage.signal });
      if (exitCode !== 0) stage.note(stderr.trim());
    });
}

/** Makes sure that they come after the livepatch. Throws `scenario.invalid` for one that is there to stay. */
async function removeTargetModules({ machine, patch }: PatchActRequest, ctx: OpContext): Promise<void> {
  for (const module of patch.modules) {
    const script = `modprobe -r '${module}' 2>/dev/null; test ! -d '/sys/module/${module.replaceAll('-', '_')}'`;
    const { exitCode } = await machine.guest.script(script, { signal: ctx.signal });
    if (exitCode !== 0)
      throw new LabError('scenario.invalid', `${module} cannot come after ${patch.name}: it is in use or built in`, {
        hint: 'leave out `modulesLoad: after`',
      });
  }
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
    if (evidence.build.engine === 'ready')
      evidence.build.functions = await patchedFunctions(machine.guest, module, ctx);
    // Rolled back, the patch stays loaded but disabled.
    if (result.outcome === 'reversed') await unloadLivepatch({ guest: machine.guest, module }, ctx);
    return result.outcome === 'complete';
  } catch (error) {
    if (!isLabError(error, 'klp.load-rejected')) throw error;
    evidence.rejection = error.message;
    return false;
  }
}

/** What the kernel says is in a module that was not built here. */
async function patchedFunctions(guest: Guest, module: string, { signal }: OpContext): Promise<PatchedFunction[]> {
  const patch = (await readKlpStatus(guest, signal)).find(({ name }) => name === module);
  return (patch?.objects ?? []).flatMap(({ name: object, functions }) =>
    functions.map((name) => ({ object, name, kind: 'changed' as const, file: '' })),
  );
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
