// The end of a machine: when its QEMU is gone and all that its guest printed is in the log.

import { isAlive } from '../core/host-process.ts';
import { waitUntil } from '../core/wait.ts';
import { followConsole } from './console/console.ts';
import type { ConsoleLine } from './console/console-line.ts';
import { endConsoleLogger, keepLogging } from './console/console-logger.ts';
import type { ConsoleMark } from './console/console-segments.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import type { InstanceRun } from './instance/instance-record.ts';
import { isInstanceProcess } from './instance-state.ts';

const pollMs = 100;
/** The logger is looked after once a second. */
const loggerLooks = 10;

/** Calls `onLine` for each console line from there on, until QEMU has ended or the signal aborts. */
export async function followInstanceConsole(
  files: InstanceFiles,
  run: InstanceRun,
  { from, signal }: { from: ConsoleMark; signal: AbortSignal },
  onLine: (line: ConsoleLine) => void,
): Promise<void> {
  const over = new AbortController();
  let isDead = false;
  const death = untilDead(files, run, AbortSignal.any([signal, over.signal])).then(
    () => void (isDead = true),
    // Cut short by the signal, which ends the following as well.
    () => undefined,
  );
  try {
    await followConsole(files.consoleLog, { signal, from, isOver: () => isDead }, (_, line) => onLine(line));
  } finally {
    over.abort();
    await death;
  }
}

/** Resolves once that QEMU process is gone and its console log is complete. Until then sees to it that there is a log. */
export async function untilDead(files: InstanceFiles, run: InstanceRun, signal: AbortSignal): Promise<void> {
  const wait = { what: `the end of ${files.name}`, timeoutMs: Infinity, intervalMs: pollMs, signal };
  let looks = 0;
  await waitUntil(wait, async () => {
    // Once it was known for that QEMU, its pid and start time tell enough.
    if (!(looks === 0 ? isInstanceProcess(files, run.process) : isAlive(run.process))) return true;
    if (++looks % loggerLooks === 0) await keepLogging(files);
    return undefined;
  });
  await endConsoleLogger(files);
}
