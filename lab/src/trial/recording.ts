// Records one run over a machine: load, witnesses and what the machine says, from its first moment to its last, phases in between.

import { setTimeout as sleep } from 'node:timers/promises';
import { isLabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import { waitUntil, withDeadline } from '../core/wait.ts';
import type { RunningMachine } from '../vm/machine.ts';
import { watchHostDelay } from '../workload/host-delay.ts';
import { startHttpLoad } from '../workload/http-load.ts';
import { startServiceLoad } from '../workload/service-load.ts';
import { startWitness, type Witness, type WitnessSample } from '../workload/witness.ts';
import { startWorkload, type Workload } from '../workload/run-workload.ts';
import type { WorkloadPlan } from '../workload/workload-plan.ts';
import type { Phase, Run } from './evidence.ts';
import { baselineSamples } from './figures.ts';
import { keepMachineLog, type MachineLog } from './machine-log.ts';

export type Recording = Pick<MachineLog, 'signal' | 'hasConsoleGap' | 'untilCanary' | 'untilTrouble'> & {
  /** Host time of the recording's zero, milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds since the recording began. */
  clock(): number;
  /** Runs `body` as a named phase. */
  phase<T>(name: Phase['name'], patch: number | undefined, body: () => Promise<T>): Promise<T>;
  /** The phase that all later ones are compared with: that long, and on a busy host until enough has been heard. */
  baseline(quietMs: number): Promise<void>;
  /** Starts what the guest shall do all the time; resolves once each has begun, or will not. */
  work(plans: readonly WorkloadPlan[]): Promise<void>;
  /** Resolves once the witness has looked at everything after now; rejects with op.timeout. */
  untilRead(timeoutMs: number): Promise<void>;
  /** Starts a new witness after the guest has come back from a reboot. */
  rewitness(): Promise<void>;
  /** Resolves once the service has answered a request sent after now. */
  untilServing(timeoutMs: number): Promise<void>;
  /** Ends everything and returns what was seen; works when the machine is gone too. */
  finish(): Promise<Run>;
};

/** Samples come every 200 ms; a host that delivers none for this long has something to be told of. */
const unheardMs = 10_000;

/** Eighty requests a second; what is judged are silences of hundreds of milliseconds. */
const load = { connections: 4, beatMs: 50, timeoutMs: 3000 };

/** A workload that has done nothing by then is not waited for any longer. */
const beginMs = 120_000;

/** Begins to watch. Rejects with `guest.unreachable`, or when cancelled; then nothing of it goes on. */
export async function startRecording(machine: RunningMachine, ctx: OpContext): Promise<Recording> {
  const startedAt = Date.now();
  const origin = performance.now();
  const clock = () => performance.now() - origin;
  const phases: Phase[] = [];
  const log = await keepMachineLog(machine, startedAt, ctx);
  const { signal, hasConsoleGap, untilCanary, untilTrouble, machineEvents, consoleProblems } = log;
  const hostDelay = watchHostDelay(machine.run.process.pid, clock);
  const { heldMs } = hostDelay;
  const service = startServiceLoad({ port: machine.run.ports.service, ...load, clock, heldMs });
  const witnesses: Witness[] = [];
  const workloads: Workload[] = [];
  const rewitness = async () => {
    witnesses.push(await startWitness(machine.guest, ['lpl-agent'], clock, signal));
  };
  /** What the guest saw until now may still be on its way. */
  const untilHeardToNow = async () => {
    const witness = witnesses.at(-1);
    if (witness?.isWatching()) await witness.untilHeard(1, clock(), unheardMs, signal).catch(() => undefined);
  };
  const stopWatching = async () => {
    // What the host keeps from the guest counts until the last request is answered.
    await service.stop();
    hostDelay.stop();
    await withDeadline(Promise.all(witnesses.map((witness) => witness.stop())), 'the witnesses to stop', 5000).catch(
      () => undefined,
    );
    log.stop();
  };
  try {
    await rewitness();
  } catch (error) {
    await stopWatching();
    throw error;
  }
  const phase: Recording['phase'] = async (name, patch, body) => {
    const entry: Phase = { name, fromMs: clock(), toMs: clock(), ...(patch === undefined ? {} : { patch }) };
    phases.push(entry);
    try {
      return await body();
    } finally {
      entry.toMs = clock();
    }
  };

  return {
    signal,
    hasConsoleGap,
    untilCanary,
    untilTrouble,
    startedAt,
    clock,
    rewitness,
    phase,
    baseline: (quietMs) =>
      phase('baseline', undefined, async () => {
        const sinceMs = clock();
        await sleep(quietMs, undefined, { signal });
        await witnesses
          .at(-1)
          ?.untilHeard(baselineSamples, sinceMs, unheardMs, signal)
          .catch((error: unknown) => {
            // A silent heartbeat is for the verdict to judge.
            if (!isLabError(error, 'op.timeout')) throw error;
          });
      }),
    work: async (plans) => {
      const { guest, run: running } = machine;
      const started = plans.map(async (plan) =>
        plan.mode === 'kind' && plan.name === 'http'
          ? startHttpLoad({ port: running.ports.service, plan, clock, heldMs })
          : startWorkload({ guest, plan, clock }, signal),
      );
      workloads.push(...(await Promise.all(started)));
      await Promise.all(workloads.map((workload) => workload.begun(beginMs)));
    },
    untilRead: async (timeoutMs) => {
      const sinceMs = clock();
      // The first that comes may have been on its way.
      const enough = () =>
        (witnesses.at(-1)?.samples ?? []).filter(({ atMs, identity }) => identity && atMs >= sinceMs).length >= 2;
      await waitUntil({ what: 'the witness to look', timeoutMs, intervalMs: 20, signal }, () => enough() || undefined);
    },
    untilServing: (timeoutMs) => service.untilAnswered(clock(), timeoutMs, signal),
    finish: async () => {
      await untilHeardToNow();
      const durationMs = clock();
      await Promise.all(workloads.map((workload) => workload.stop()));
      await stopWatching();
      const samples: WitnessSample[] = witnesses
        .flatMap((witness) => witness.samples)
        .filter(({ atMs }) => atMs <= durationMs);
      const { requests, events } = service;
      return {
        startedAt,
        durationMs,
        phases,
        machineEvents,
        consoleProblems,
        requests: [...requests],
        connections: [...events],
        witness: samples,
        hostDelay: [...hostDelay.samples],
        ...(workloads.length > 0 ? { workloads: workloads.map(({ record }) => record) } : {}),
      };
    },
  };
}
