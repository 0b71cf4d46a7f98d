// Clears away what died without cleaning up: throw-away machines whose owner is gone, directories that nobody finished,
// QEMUs whose directory is gone, and sockets of neither. Never touches a machine that is kept, or whose owner lives, or that
// somebody is at right now, nor a process that is not a QEMU of this very lab.

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eachLimited } from '../core/each-limited.ts';
import { isLabError } from '../core/error.ts';
import { identifyProcess, isAlive } from '../core/host-process.ts';
import { withLock } from '../core/lock.ts';
import type { LabPaths } from '../core/paths.ts';
import { type InstanceFiles, instanceFiles, isInstanceName, vmsDirectory } from './instance/instance-files.ts';
import { readInstanceConfig } from './instance/instance-record.ts';
import { isInstanceProcess } from './instance-state.ts';
import { ownPids } from './admission/live-guests.ts';
import { removeInstance } from './remove-instance.ts';

const atOnce = 32;

/** Names of the machines that were removed. */
export async function reapInstances(paths: LabPaths, signal: AbortSignal): Promise<string[]> {
  const reaped: string[] = [];
  const names = (await readdir(vmsDirectory(paths)).catch((): string[] => [])).filter(isInstanceName);
  await eachLimited(names, atOnce, async (name) => {
    const files = instanceFiles(paths, name);
    if (!(await isAbandoned(files))) return;
    await unlessBusy(files, signal, async () => {
      // Whoever held the lock until now may have finished it.
      if (!(await isAbandoned(files))) return;
      await removeInstance(paths, name);
      reaped.push(name);
    });
  });
  await removeLost(paths, signal);
  return reaped.sort();
}

/** A half-written directory has no vm.json; one that cannot be read is somebody's, and is shown as broken. */
async function isAbandoned(files: InstanceFiles): Promise<boolean> {
  try {
    const config = await readInstanceConfig(files);
    return !config || (config.lifetime === 'throw-away' && !isAlive(config.owner));
  } catch {
    return false;
  }
}

/** What is left of machines whose directory was removed by hand. */
async function removeLost(paths: LabPaths, signal: AbortSignal): Promise<void> {
  const known = new Set(await readdir(vmsDirectory(paths)).catch((): string[] => []));
  const lost = (await readdir(paths.runtime).catch((): string[] => [])).filter(
    (name) => isInstanceName(name) && !known.has(name),
  );
  if (lost.length === 0) return;
  const pids = ownPids();
  for (const name of lost) {
    const files = instanceFiles(paths, name);
    await unlessBusy(files, signal, async () => {
      for (const pid of pids) {
        const identity = identifyProcess(pid);
        if (identity && isInstanceProcess(files, identity)) process.kill(pid, 'SIGKILL');
      }
      await rm(join(paths.runtime, name), { recursive: true, force: true });
    });
  }
}

async function unlessBusy(files: InstanceFiles, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    await withLock(files.directory, { signal, waitMs: 0 }, act);
  } catch (error) {
    if (!isLabError(error, 'state.locked')) throw error;
  }
}
