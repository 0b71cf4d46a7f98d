// The snapshots a user makes of a machine: where they are and which there are. Each holds everything of the machine at that
// moment - state with memory, root disk, keys - so that it can be gone back to whatever became of the machine since.

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../core/error.ts';
import { readJson } from '../core/store.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import { configSchema } from './instance/instance-record.ts';

export const machineSnapshotSchema = z.object({
  label: z.string(),
  /** Host time, ms since the epoch. */
  at: z.number(),
  /** How long the guest stood still for it. */
  pausedMs: z.number(),
  config: configSchema,
  /** Size of the state file. */
  stateBytes: z.number(),
});

export type SnapshotRecord = z.output<typeof machineSnapshotSchema>;

/** What both doors show of a snapshot. */
export type MachineSnapshot = {
  label: string;
  at: number;
  pausedMs: number;
  /** Kernel it runs. */
  release: string;
  /** What it takes on the host's disk. */
  diskBytes: number;
  directory: string;
};

/** Every file of one snapshot. Throws `usage.invalid` for a label that is none. */
export function machineSnapshotFiles(files: InstanceFiles, label: string) {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(label))
    throw new LabError('usage.invalid', `${JSON.stringify(label)} is not a snapshot's label`, {
      hint: 'use 1 to 64 of A-Z, a-z, 0-9, dot, - and _, beginning with a letter or digit',
    });
  const directory = join(files.directory, 'snapshots', label);
  return {
    directory,
    state: join(directory, 'state'),
    rootDisk: join(directory, 'root.qcow2'),
    /** Copies of what the machine is known by. */
    identity: [files.parcel, files.sshKey, files.sshHostKeyPub].map((path) => ({
      live: path,
      kept: join(directory, path.split('/').at(-1) as string),
    })),
    record: join(directory, 'snapshot.json'),
  };
}

/** The machine's snapshots, oldest first, with the disk space they take. */
export async function listMachineSnapshots(files: InstanceFiles): Promise<MachineSnapshot[]> {
  const names = await readdir(join(files.directory, 'snapshots')).catch(() => []);
  const found = names
    .filter((name) => !name.includes('.tmp-'))
    .map(async (label) => {
      const { record, directory } = machineSnapshotFiles(files, label);
      const snapshot = await readJson(record, machineSnapshotSchema);
      if (!snapshot) return [];
      const { at, pausedMs, config } = snapshot;
      return [{ label, at, pausedMs, release: config.release, diskBytes: await diskBytesOf(directory), directory }];
    });
  return (await Promise.all(found)).flat().sort((a, b) => a.at - b.at);
}

/** The snapshot of that label, or the newest. Throws `snapshot.unknown`, naming those there are. */
export async function findMachineSnapshot(files: InstanceFiles, label: string | undefined): Promise<SnapshotRecord> {
  const all = await listMachineSnapshots(files);
  const found = label === undefined ? all.at(-1) : all.find((snapshot) => snapshot.label === label);
  const record = found && (await readJson(machineSnapshotFiles(files, found.label).record, machineSnapshotSchema));
  if (record) return record;
  const what = label === undefined ? `${files.name} has no snapshot` : `${files.name} has no snapshot ${label}`;
  throw new LabError('snapshot.unknown', what, {
    hint: all.length > 0 ? `it has ${all.map((each) => each.label).join(', ')}` : `\`lpl vm snapshot ${files.name}\``,
  });
}

/** Throws `snapshot.unknown`. */
export async function removeMachineSnapshot(files: InstanceFiles, label: string): Promise<void> {
  await findMachineSnapshot(files, label);
  await rm(machineSnapshotFiles(files, label).directory, { recursive: true });
}

async function diskBytesOf(directory: string): Promise<number> {
  const names = await readdir(directory);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).blocks * 512));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
