// Watches one machine from outside: console lines, what they say is wrong with all that belongs to it, QMP events, silence,
// and the end of QEMU, each as it happens (within about 100 ms). A machine may have several watchers, in several processes.

import { isLabError } from '../core/error.ts';
import { followConsole } from './console/console.ts';
import { classifyConsoleLine, type ConsoleProblem } from './console/console-problem.ts';
import { type ConsoleReport, ConsoleReports } from './console/console-report.ts';
import type { ConsoleMark } from './console/console-segments.ts';
import { reportReset, reportSilence } from './crash-report.ts';
import { watchHeartbeat } from './heartbeat.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import type { InstanceRun } from './instance/instance-record.ts';
import type { QmpEvent } from './qemu/qmp.ts';
import { observeQmp } from './qemu/qmp-access.ts';
import { untilDead } from './until-dead.ts';

type MachineNews =
  | { type: 'console'; line: string }
  /** At once, by its first line. */
  | { type: 'problem'; problem: ConsoleProblem }
  /** All of it, when nothing more comes: registers, stack. */
  | { type: 'report'; report: ConsoleReport }
  | { type: 'qmp'; event: QmpEvent }
  | { type: 'ended' };

/** `at`: host time, milliseconds since the epoch. */
export type MachineEvent = { at: number } & MachineNews;

export type WatchOptions = {
  signal: AbortSignal;
  onEvent: (event: MachineEvent) => void;
  /** Called once nothing further can be missed. */
  onReady?: () => void;
  /** Goes on without QMP's events when too many watch already. */
  isContentWithoutQmp?: boolean;
  /** Where in the console log to begin. */
  consoleFrom: ConsoleMark;
};

const flushMs = 100;

/**
 * Resolves when QEMU has ended (`ended` was the last event, after the last console line) or the signal aborts. Rejects
 * with `state.locked` when too many watch already, or `qemu.mute`.
 */
export async function watchMachine(files: InstanceFiles, run: InstanceRun, options: WatchOptions): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const emit = (news: MachineNews, at = Date.now()) => options.onEvent({ at, ...news });
  const reports = new ConsoleReports((report) => emit({ type: 'report', report }));
  /** Of what only QEMU can tell: problem and report at once. */
  const tell = (report: ConsoleReport | undefined) => {
    if (!report) return;
    emit({ type: 'problem', problem: report.problem });
    emit({ type: 'report', report });
  };
  let isDead = false;
  let wasReset = false;
  const onSilent = () => void reportSilence(files, signal).then(tell, () => undefined);
  const heartbeat = watchHeartbeat({ port: run.ports.service, pid: run.process.pid }, onSilent);
  const flushing = setInterval(() => reports.flush(Date.now()), flushMs);
  const death = untilDead(files, run, signal).then(() => void (isDead = true));
  const from = options.consoleFrom;
  const lines = followConsole(files.consoleLog, { signal, from, isOver: () => isDead }, (line, { at = Date.now() }) => {
    heartbeat.seen();
    emit({ type: 'console', line }, at);
    const problem = classifyConsoleLine(line);
    if (problem) emit({ type: 'problem', problem }, at);
    reports.add(line, at);
  });
  const { onReady } = options;
  const onQmp = (event: QmpEvent) => {
    // Stopped by a debugger, a dump or a snapshot until now.
    if (event.event === 'RESUME') heartbeat.seen();
    if (event.event === 'RESET') heartbeat.restarted();
    if (event.event === 'SHUTDOWN' && event.data['reason'] === 'guest-reset') wasReset = true;
    emit({ type: 'qmp', event });
  };
  const events = observeQmp(files, { signal, onEvent: onQmp, ...(onReady ? { onReady } : {}) }).catch(
    (error: unknown) => {
      if (options.isContentWithoutQmp && isLabError(error, 'state.locked')) return;
      // Cut short by QEMU's death, which the poll tells.
      if (!isLabError(error, 'vm.dead')) throw error;
    },
  );
  try {
    await Promise.all([death, lines, events]);
    reports.flush();
    if (wasReset) tell(await reportReset(files));
    emit({ type: 'ended' });
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    over.abort();
    heartbeat.stop();
    clearInterval(flushing);
    await Promise.allSettled([death, lines, events]);
  }
}
