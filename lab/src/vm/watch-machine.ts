// Watches one machine from outside: console lines, what they say is wrong, QMP events, and the end of QEMU, each as it
// happens (within about 100 ms). A machine may have several watchers, in several processes.

import { isLabError } from '../core/error.ts';
import { waitUntil } from '../core/wait.ts';
import { followConsole } from './console.ts';
import { classifyConsoleLine, type ConsoleProblem } from './console-problem.ts';
import type { ConsoleLine } from './console-line.ts';
import { endConsoleLogger, keepLogging } from './console-logger.ts';
import type { ConsoleMark } from './console-segments.ts';
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
  /** Where in the console log to begin. */
  consoleFrom: ConsoleMark;
};

const deathPollMs = 100;
/** The logger is looked after once a second. */
const loggerLooks = 10;

/**
 * Resolves when QEMU has ended (`ended` was the last event, after the last console line) or the signal aborts. Rejects
 * with `state.locked` when too many watch already.
 */
export async function watchMachine(files: InstanceFiles, run: InstanceRun, options: WatchOptions): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const emit = (news: MachineNews, at = Date.now()) => options.onEvent({ at, ...news });
  let isDead = false;
  const death = untilDead(files, run, signal).then(() => void (isDead = true));
  const from = options.consoleFrom;
  const lines = followConsole(files.consoleLog, { signal, from, isOver: () => isDead }, (line, { at }) => {
    emit({ type: 'console', line }, at);
    const problem = classifyConsoleLine(line);
    if (problem) emit({ type: 'problem', problem }, at);
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

/** Calls `onLine` for each console line from there on, until QEMU has ended or the signal aborts. */
export async function followInstanceConsole(
  files: InstanceFiles,
  run: InstanceRun,
  { from, signal }: { from: ConsoleMark; signal: AbortSignal },
  onLine: (line: ConsoleLine) => void,
): Promise<void> {
  const over = new AbortController();
  let isDead = false;
  const death = untilDead(files, run, AbortSignal.any([signal, over.signal])).then(() => void (isDead = true));
  try {
    await followConsole(files.consoleLog, { signal, from, isOver: () => isDead }, (_, line) => onLine(line));
  } finally {
    over.abort();
    await death.catch(() => undefined);
  }
}

/** Resolves once that QEMU process is gone and its console log is complete. Until then sees to it that there is a log. */
export async function untilDead(files: InstanceFiles, run: InstanceRun, signal: AbortSignal): Promise<void> {
  const wait = { what: `the end of ${files.name}`, timeoutMs: Infinity, intervalMs: deathPollMs, signal };
  let looks = 0;
  await waitUntil(wait, async () => {
    if (!isInstanceProcess(files, run.process)) return true;
    if (++looks % loggerLooks === 0) await keepLogging(files);
    return undefined;
  });
  await endConsoleLogger(files);
}
