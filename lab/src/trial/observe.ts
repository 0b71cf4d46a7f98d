// The run that the verdict is about: baseline, every patch in turn, and a last quiet moment, all of it watched.

import { setTimeout as sleep } from 'node:timers/promises';
import { asLabError, isLabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { RunningMachine } from '../vm/machine.ts';
import { cumulateLivepatches } from './acts/cumulate-livepatches.ts';
import type { PreparedPatches } from './build-patches.ts';
import type { Evidence, PatchEvidence } from './evidence.ts';
import { readKernelLog, writeCanary } from './kernel-log.ts';
import { playPatch, showing } from './patch-act.ts';
import { runSelftests } from './selftests/run-selftests.ts';
import { type Recording, startRecording } from './recording.ts';
import type { Scenario } from './scenario.ts';
import type { Turns } from './turns.ts';

export type Interlude = (machine: RunningMachine, recording: Recording, ctx: OpContext) => Promise<void>;

export type ObserveRequest = {
  scenario: Scenario;
  machine: RunningMachine;
  prepared: PreparedPatches;
  /** Directory of the livepatch selftests, when they are wanted. */
  selftests: string | undefined;
  /** As TrialGround has it. */
  kprobe: (ctx: OpContext) => Promise<string>;
  turns: Turns;
  interlude?: Interlude;
};

/** The console of a busy guest is some seconds behind. */
const consoleMs = 30_000;

/** Writes what it sees into `evidence`. Only a cancelled run throws; what else ends it early is kept as hindrance. */
export async function observe(request: ObserveRequest, evidence: Evidence, outer: OpContext): Promise<void> {
  const recording = await startRecording(request.machine, outer);
  const ctx = { ...outer, signal: recording.signal };
  try {
    await playAll({ ...request, recording }, evidence, ctx);
  } catch (error) {
    if (outer.signal.aborted) throw error;
    const { code, message, culprit } = asLabError(recording.signal.aborted ? recording.signal.reason : error);
    evidence.hindrance = { stage: 'run', culprit, code, message };
  } finally {
    evidence.run = await recording.finish();
  }
}

async function playAll(
  request: ObserveRequest & { recording: Recording },
  evidence: Evidence,
  ctx: OpContext,
): Promise<void> {
  const { scenario, machine, recording, interlude, kprobe, prepared, turns } = request;
  const { baselineMs, patches, workloads } = scenario;
  const canary = await writeCanary(machine.guest, ctx.signal);
  if (workloads.length > 0)
    await runStage(ctx, { id: 'workloads', title: `workloads ${workloads.map(({ name }) => name).join(', ')}` }, () =>
      recording.work(workloads),
    );
  await runStage(ctx, { id: 'baseline', title: `baseline ${baselineMs / 1000} s` }, () =>
    recording.baseline(baselineMs),
  );
  for (const [index, patch] of patches.entries())
    await playPatch(
      {
        ...{ scenario, patch, index, machine, recording, kprobe, turns },
        versions: prepared.versions[index] ?? { replacing: [], stacked: [] },
      },
      evidence.patches[index] as PatchEvidence,
      ctx,
    );
  if (scenario.cumulative) await playCumulative(request, evidence, ctx);
  const { selftests } = evidence;
  if (selftests && request.selftests !== undefined) {
    const what = { directory: request.selftests, tests: selftests.tests };
    await recording.phase('selftests', undefined, () =>
      runStage(ctx, { id: 'selftests', title: 'livepatch selftests of the kernel' }, async (stage) => {
        selftests.output = await runSelftests(machine.guest, what, stage);
      }),
    );
  }
  if (interlude) await recording.phase('interlude', undefined, () => interlude(machine, recording, ctx));
  await recording.phase('after', undefined, () => sleep(Math.min(1000, baselineMs), undefined, ctx));
  const { dmesg, next } = await readKernelLog(machine.guest, canary, ctx.signal);
  evidence.dmesg = dmesg;
  const heardToTheEnd = await isHeard(next, recording);
  evidence.console = { heardToTheEnd, hasGap: recording.hasConsoleGap() };
}

async function playCumulative(
  { scenario, machine, prepared: { cumulative } }: ObserveRequest,
  evidence: Evidence,
  ctx: OpContext,
): Promise<void> {
  const timeoutMs = scenario.transitionTimeoutMs;
  const show = scenario.patches.map((patch) => (inner: OpContext) => showing({ patch, machine }, inner));
  await runStage(ctx, { id: 'cumulative', title: 'all patches together, and one less at a time' }, async (stage) => {
    const act = await cumulateLivepatches({ guest: machine.guest, timeoutMs, cumulative, show }, stage);
    evidence.acts?.played.push(act);
    stage.note(act.said);
  });
}

/** Whether what the kernel says now still reaches us: a console that was cut would keep troubles to itself. */
async function isHeard(canary: string, recording: Recording): Promise<boolean> {
  try {
    await recording.untilCanary(canary, consoleMs);
    return true;
  } catch (error) {
    if (isLabError(error, 'op.timeout')) return false;
    throw error;
  }
}
