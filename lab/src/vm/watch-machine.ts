// Watches one machine from outside: console lines, what they say is wrong, QMP events, and the end of QEMU, each as it
// happens (within about 100 ms). A machine may have several watchers, in several processes.

import { isLabError } from '../core/error.ts';
import { waitUntil } from '../core/wait.ts';
import { followConsole } from './console.ts';
import { classifyConsoleLine, type ConsoleProblem } from './console-problem.ts';
import type { InstanceFiles } from './instance-files.ts';
import type { InstanceRun } from './instance-record.ts';
import { isInstanceProcess } from './instance-state.ts';
import type { QmpEvent } from './qmp.ts';
import { observeQmp } from './qmp-access.ts';

type MachineNews =
  | { type: 'console'; line: string }
  | { type: 'problem'; problem: ConsoleProblem }
  | { type: 'qmp'; event: QmpEvent }
  | { type: 'ended' };

/** `at`: host time, milliseconds since the epoch. */
export type MachineEvent = { at: number } & MachineNews;

export type WatchOptions = {
  signal: AbortSignal;
  onEvent: (event: MachineEvent) => void;
  /** Called once nothing further can be missed. */
  onReady?: () => void;
  /** Byte of the console log to begin at. */
  consoleFrom: number;
};

const deathPollMs = 100;

/**
 * Resolves when QEMU has ended (`ended` was the last event, after the last console line) or the signal aborts. Rejects
 * with `state.locked` when too many watch already.
 */
export async function watchMachine(files: InstanceFiles, run: InstanceRun, options: WatchOptions): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const emit = (news: MachineNews) => options.onEvent({ at: Date.now(), ...news });
  let isDead = false;
  const death = untilDead(files, run, signal).then(() => void (isDead = true));
  const lines = followConsole(files.consoleLog, { signal, from: options.consoleFrom, isOver: () => isDead }, (line) => {
    emit({ type: 'console', line });
    const problem = classifyConsoleLine(line);
    if (problem) emit({ type: 'problem', problem });
  });
  const { onReady } = options;
  const onQmp = (event: QmpEvent) => emit({ type: 'qmp', event });
  const events = observeQmp(files, { signal, onEvent: onQmp, ...(onReady ? { onReady } : {}) }).catch(
    (error: unknown) => {
      // Cut short by QEMU's death, which the poll tells.
      if (!isLabError(error, 'vm.dead')) throw error;
    },
  );
  try {
    await Promise.all([death, lines, events]);
    emit({ type: 'ended' });
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    over.abort();
    await Promise.allSettled([death, lines, events]);
  }
}

/** Resolves once that QEMU process is gone. */
export async function untilDead(files: InstanceFiles, run: InstanceRun, signal: AbortSignal): Promise<void> {
  const wait = { what: `the end of ${files.name}`, timeoutMs: Infinity, intervalMs: deathPollMs, signal };
  await waitUntil(wait, () => (isInstanceProcess(files, run.process) ? undefined : true));
}
