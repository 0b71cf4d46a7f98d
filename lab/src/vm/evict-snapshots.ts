// Keeps automatic snapshots from filling the disk: who builds a kernel every few minutes would leave one for each build.

import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Those in use for weeks: kernels times profiles times sizes of machines. */
const kept = 12;
/** Younger than this it may be somebody's who has found it whole and is just about to start from it. */
const untouchedMs = 3600_000;

/** Marks the snapshot in that directory as used now. */
export async function markSnapshotUsed(directory: string): Promise<void> {
  const now = new Date();
  await utimes(directory, now, now);
}

/**
 * Removes what has not been used for longest, beyond the newest twelve. Machines that run from one keep it, for their QEMU
 * has it open; one that root disks of machines build upon is never touched. `room`: where snapshots are.
 */
export async function evictSnapshots(room: string): Promise<void> {
  const found = (await readdir(room)).map(async (name) => {
    const directory = join(room, name);
    const files = await readdir(directory).catch((): string[] => []);
    const isDeletable = files.includes('stage.json') && !files.some((file) => file.endsWith('.qcow2'));
    return isDeletable ? [{ directory, usedAt: (await stat(directory)).mtimeMs }] : [];
  });
  const newestFirst = (await Promise.all(found)).flat().sort((a, b) => b.usedAt - a.usedAt);
  for (const { directory, usedAt } of newestFirst.slice(kept))
    if (usedAt < Date.now() - untouchedMs) await rm(directory, { recursive: true, force: true });
}
