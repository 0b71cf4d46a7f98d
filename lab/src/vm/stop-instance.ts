// Ends a machine's QEMU: asks by QMP, then SIGTERM, then SIGKILL, each with its own bounded wait; never another process.

import { rm } from 'node:fs/promises';
import { isLabError, LabError } from '../core/error.ts';
import { waitUntil } from '../core/wait.ts';
import { endConsoleLogger } from './console/console-logger.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import { type InstanceRun, readInstanceRun } from './instance/instance-record.ts';
import { isInstanceProcess } from './instance-state.ts';
import { withQmp } from './qemu/qmp-access.ts';

const quitMs = 2_000;
const termMs = 2_000;
const killMs = 5_000;

/** Resolves when the QEMU of that instance is gone and its sockets are removed. A stopped machine is left as it is. */
export async function stopInstance(files: InstanceFiles): Promise<void> {
  // Stopping is clean-up: it must work although the operation was cancelled, so it has its own bounds and no signal.
  const { signal } = new AbortController();
  const run = await readInstanceRun(files);
  if (run && isInstanceProcess(files, run.process)) {
    await askToQuit(files, signal);
    if (!(await isGone(files, run, quitMs, signal))) {
      kill(files, run, 'SIGTERM');
      if (!(await isGone(files, run, termMs, signal))) {
        kill(files, run, 'SIGKILL');
        if (!(await isGone(files, run, killMs, signal)))
          throw new LabError('vm.running', `QEMU of ${files.name} (pid ${run.process.pid}) outlives SIGKILL`, {
            hint: 'it hangs in the host kernel; see the host dmesg',
          });
      }
    }
  }
  await endConsoleLogger(files);
  await rm(files.sockets, { recursive: true, force: true });
}

async function askToQuit(files: InstanceFiles, signal: AbortSignal): Promise<void> {
  try {
    await withQmp(files, AbortSignal.any([signal, AbortSignal.timeout(quitMs)]), (qmp) => qmp.execute('quit'));
  } catch (error) {
    // QEMU may go before it answers, or be mute: the signals below settle it.
    const expected = isLabError(error) || (error instanceof Error && error.name === 'TimeoutError');
    if (!expected) throw error;
  }
}

async function isGone(
  files: InstanceFiles,
  run: InstanceRun,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const wait = { what: `the end of ${files.name}`, timeoutMs, intervalMs: 20, signal };
  return waitUntil(wait, () => (isInstanceProcess(files, run.process) ? undefined : true)).catch((error: unknown) => {
    if (isLabError(error, 'op.timeout')) return false;
    throw error;
  });
}

function kill(files: InstanceFiles, run: InstanceRun, killer: NodeJS.Signals): void {
  if (isInstanceProcess(files, run.process)) process.kill(run.process.pid, killer);
}
