// What machines run from, stopped ones and their saved states too: files of the cache, which must stay for them to start again.

import { open } from 'node:fs/promises';
import { isLabError } from '../core/error.ts';
import type { LabPaths } from '../core/paths.ts';
import type { Kept } from '../core/remove-unused.ts';
import { type InstanceConfig, readInstanceConfig } from './instance/instance-record.ts';
import { listInstances } from './instance/list-instances.ts';
import { findMachineSnapshot, listMachineSnapshots } from './machine-snapshots.ts';

/**
 * Every such file of the machines that are kept: one to be thrown away is its owner's, who declares what it reads (in-use.ts),
 * and nobody's when that one is dead. Throws `state.newer-format`: what a newer lpl keeps is not for this one to delete.
 */
export async function machineFiles(paths: LabPaths): Promise<Kept[]> {
  const found = (await listInstances(paths)).map(async (files) => {
    const config = await readInstanceConfig(files).catch((error: unknown) => {
      // Nothing can be started from it any more; a QEMU that runs is seen by its open files.
      if (isLabError(error, 'state.corrupt')) return undefined;
      throw error;
    });
    if (config?.lifetime !== 'kept') return [];
    const snapshots = (await listMachineSnapshots(files)).map(({ label }) => findMachineSnapshot(files, label));
    const configs = [config, ...(await Promise.all(snapshots)).map((snapshot) => snapshot.config)];
    const by = `machine ${files.name}`;
    return [...new Set((await Promise.all(configs.map(bootFiles))).flat())].map((path) => ({ path, by }));
  });
  return (await Promise.all(found)).flat();
}

async function bootFiles({ boot }: InstanceConfig): Promise<string[]> {
  const files = Object.values(boot).filter((path) => path !== undefined);
  return [...files, ...(boot.rootDisk ? await backingFiles(boot.rootDisk) : [])];
}

/** All that a qcow2 image builds on: that of a snapshot is itself an overlay, of its profile's image. */
async function backingFiles(image: string): Promise<string[]> {
  const chain: string[] = [];
  for (let next = await backingFile(image); next && !chain.includes(next); next = await backingFile(next))
    chain.push(next);
  return chain;
}

/** Bytes 8 to 19 of a qcow2 header (qemu: docs/interop/qcow2.txt); overlay.ts writes absolute paths. */
async function backingFile(image: string): Promise<string | undefined> {
  const file = await open(image, 'r').catch(() => undefined);
  try {
    const header = Buffer.alloc(20);
    const read = await file?.read(header, 0, header.length, 0);
    if (!file || read?.bytesRead !== header.length || header.readUInt32BE(0) !== 0x514649fb) return undefined;
    const name = Buffer.alloc(Math.min(header.readUInt32BE(16), 1023));
    await file.read(name, 0, name.length, Number(header.readBigUInt64BE(8)));
    return name.length > 0 ? name.toString() : undefined;
  } finally {
    await file?.close();
  }
}
