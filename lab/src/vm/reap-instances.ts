// Clears away what died without cleaning up: throw-away machines whose owner is gone, and sockets of machines that are not
// running. Never touches a machine that is kept, or whose owner lives, or a process that is not a QEMU of this lab.

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../core/host-process.ts';
import { isLabError } from '../core/error.ts';
import { withLock } from '../core/lock.ts';
import type { LabPaths } from '../core/paths.ts';
import { type InstanceFiles, vmsDirectory } from './instance-files.ts';
import { readInstanceConfig } from './instance-record.ts';
import { listInstances } from './list-instances.ts';
import { removeInstance } from './remove-instance.ts';

/** Names of the machines that were removed. */
export async function reapInstances(paths: LabPaths, signal: AbortSignal): Promise<string[]> {
  const reaped: string[] = [];
  for (const files of await listInstances(paths)) {
    if (!(await isOrphan(files))) continue;
    try {
      await withLock(files.directory, { signal, waitMs: 0 }, () => removeInstance(paths, files.name));
      reaped.push(files.name);
    } catch (error) {
      // Somebody is at it right now.
      if (!isLabError(error, 'state.locked')) throw error;
    }
  }
  await removeLostSockets(paths);
  return reaped;
}

async function isOrphan(files: InstanceFiles): Promise<boolean> {
  const config = await readInstanceConfig(files).catch(() => undefined);
  return config?.lifetime === 'throw-away' && !isAlive(config.owner);
}

/** Socket directories whose machine has no directory any more. */
async function removeLostSockets(paths: LabPaths): Promise<void> {
  const known = new Set(await readdir(vmsDirectory(paths)).catch(() => []));
  const names = await readdir(paths.runtime).catch(() => []);
  const lost = names.filter((name) => !known.has(name));
  await Promise.all(lost.map((name) => rm(join(paths.runtime, name), { recursive: true, force: true })));
}
