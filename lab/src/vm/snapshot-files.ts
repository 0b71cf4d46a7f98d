// The files of a snapshot with separate memory, and whether they are still what was written: a memory file cut short would
// kill a QEMU that maps it (SIGBUS), in the middle of its work.

import { createHash } from 'node:crypto';
import { access, copyFile, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { readJson, writeJson } from '../core/store.ts';

/** Every file of a snapshot, by name. */
export const snapshotFiles = (directory: string) => ({
  ram: join(directory, 'ram'),
  /** Everything of the machine but memory and disks. */
  state: join(directory, 'state'),
  record: join(directory, 'snapshot.json'),
});

const recordSchema = z.object({
  state: z.object({ bytes: z.number(), sha256: z.string() }),
  /** `diskBytes`: what it really takes; a hole punched into it would show there. */
  ram: z.object({ bytes: z.number(), diskBytes: z.number() }),
  rootDisk: z.object({ file: z.string(), sha256: z.string() }).optional(),
});

/**
 * Copies what a machine has written to its root disk into the snapshot: it backs the overlays of those who begin there. It
 * is called after its content, so that an overlay made over another one - a machine may be stopped for months, and the
 * snapshot made anew meanwhile - finds no backing file rather than a wrong one.
 */
export async function keepRootDisk(directory: string, overlay: string): Promise<void> {
  const sha256 = digest(await readFile(overlay));
  await copyFile(overlay, join(directory, `root-${sha256.slice(0, 16)}.qcow2`));
}

/** Path of what keepRootDisk copied; undefined when the snapshot has none. */
export async function snapshotRootDisk(directory: string): Promise<string | undefined> {
  const file = (await readdir(directory)).find((name) => /^root-[0-9a-f]{16}\.qcow2$/.test(name));
  return file && join(directory, file);
}

/** Writes down what the files are like now. */
export async function recordSnapshot(directory: string): Promise<void> {
  await writeJson(snapshotFiles(directory).record, await measure(directory));
}

/** One phrase about what is wrong with the snapshot in that directory; undefined when it is whole, or not there at all. */
export async function findSnapshotDamage(directory: string): Promise<string | undefined> {
  const recorded = await readJson(snapshotFiles(directory).record, recordSchema);
  if (!recorded) return (await exists(directory)) ? 'its record is missing' : undefined;
  const found = await measure(directory).catch(() => undefined);
  if (!found) return 'files are missing';
  const { state, ram } = recorded;
  if (found.state.bytes !== state.bytes) return `its state has ${found.state.bytes} bytes of ${state.bytes}`;
  if (found.state.sha256 !== state.sha256) return 'its state was changed';
  if (found.ram.bytes !== ram.bytes) return `its memory has ${found.ram.bytes} bytes of ${ram.bytes}`;
  if (found.ram.diskBytes < ram.diskBytes) return 'its memory has new holes';
  if (found.rootDisk?.sha256 !== recorded.rootDisk?.sha256) return 'its root disk was changed';
  return undefined;
}

async function measure(directory: string): Promise<z.output<typeof recordSchema>> {
  const { ram, state } = snapshotFiles(directory);
  const [ramStat, content, rootDisk] = await Promise.all([stat(ram), readFile(state), snapshotRootDisk(directory)]);
  return {
    state: { bytes: content.length, sha256: digest(content) },
    ram: { bytes: ramStat.size, diskBytes: ramStat.blocks * 512 },
    ...(rootDisk ? { rootDisk: { file: basename(rootDisk), sha256: digest(await readFile(rootDisk)) } } : {}),
  };
}

const digest = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
