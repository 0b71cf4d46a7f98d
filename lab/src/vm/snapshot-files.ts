// The files of a snapshot with separate memory, and whether they are still what was written: a memory file cut short would
// kill a QEMU that maps it (SIGBUS), in the middle of its work.

import { createHash } from 'node:crypto';
import { access, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeJson } from '../core/store.ts';

/** Every file of a snapshot, by name. */
export const snapshotFiles = (directory: string) => ({
  ram: join(directory, 'ram'),
  /** Everything of the machine but memory and disks. */
  state: join(directory, 'state'),
  /** What the machine had written to its root disk; backs the overlays of those who begin here. */
  rootDisk: join(directory, 'root.qcow2'),
  record: join(directory, 'snapshot.json'),
});

const recordSchema = z.object({
  state: z.object({ bytes: z.number(), sha256: z.string() }),
  /** `diskBytes`: what it really takes; a hole punched into it would show there. */
  ram: z.object({ bytes: z.number(), diskBytes: z.number() }),
});

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
  return undefined;
}

async function measure(directory: string): Promise<z.output<typeof recordSchema>> {
  const { ram, state } = snapshotFiles(directory);
  const [ramStat, content] = await Promise.all([stat(ram), readFile(state)]);
  return {
    state: { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') },
    ram: { bytes: ramStat.size, diskBytes: ramStat.blocks * 512 },
  };
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
