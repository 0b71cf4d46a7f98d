// The automatic snapshot: a machine booted once per kernel, profile, shape and QEMU, saved while it waits for its parcel,
// and from then on the beginning of every machine like it. Measured: 70 ms to a running guest instead of a boot.

import { randomBytes } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtefactRequest, artefactPath, ensureArtefact } from '../core/artefact.ts';
import { requireFreeSpace } from '../core/disk-space.ts';
import type { StageContext } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import { consoleStart } from './console/console-segments.ts';
import { evictSnapshots, markSnapshotUsed } from './evict-snapshots.ts';
import { instanceFiles } from './instance/instance-files.ts';
import type { InstanceConfig } from './instance/instance-record.ts';
import { qemuArgv, type Ram } from './qemu/qemu-argv.ts';
import { withQmp } from './qemu/qmp-access.ts';
import { waitForParcelWish } from './readiness.ts';
import { removeInstance } from './remove-instance.ts';
import { type SavedState, saveState } from './qemu/saved-state.ts';
import { findSnapshotDamage, keepRootDisk, recordSnapshot, snapshotFiles, snapshotRootDisk } from './snapshot-files.ts';
import { startInstance, type StartRequest } from './start-instance.ts';
import { stopInstance } from './stop-instance.ts';

/** Where a machine begins: what startInstance needs beside the machine's own description. */
export type BootSnapshot = { state: SavedState; ram: Ram; boot: InstanceConfig['boot'] };

type MachineShape = Omit<InstanceConfig, 'owner' | 'name' | 'start' | 'lifetime' | keyof typeof anyNetwork>;

/** No part of a guest's state: every machine of a snapshot has its own. */
const anyNetwork = { forwards: [], network: 'closed' as const };

/** Finds the snapshot of such machines or makes it, by one cold boot. A damaged one is noted and made anew. */
export async function ensureBootSnapshot(
  request: { paths: LabPaths; shape: MachineShape; bootTimeoutMs: number },
  ctx: StageContext,
): Promise<BootSnapshot> {
  const artefact = await snapshotArtefact(request);
  const damage = await findSnapshotDamage(artefactPath(artefact));
  if (damage) {
    ctx.note(`the snapshot was damaged (${damage}) and is made anew`);
    await rm(artefactPath(artefact), { recursive: true, force: true });
  }
  const directory = await ensureArtefact(ctx, artefact, async (temporary) => {
    await evictSnapshots(artefact.room);
    await makeSnapshot(request, temporary, ctx);
  });
  await markSnapshotUsed(directory);
  const { ram, state } = snapshotFiles(directory);
  const rootDisk = await snapshotRootDisk(directory);
  return {
    ram: { kind: 'private', path: ram },
    state: { path: state, ram: 'mapped' },
    boot: { ...request.shape.boot, ...(rootDisk ? { rootDisk } : {}) },
  };
}

/**
 * A state fits only the very machine it was saved from, so the key is QEMU's whole command line - of a machine without a
 * name, whose files are all called alike - and what lies behind the paths in it.
 */
async function snapshotArtefact(request: { paths: LabPaths; shape: MachineShape }): Promise<ArtefactRequest> {
  const { boot, profile, release, accelerator } = request.shape;
  const machine = { ...request.shape, ...boot, name: 'any', ...anyNetwork, hasRootDisk: boot.rootDisk !== undefined };
  const files = instanceFiles({ cache: '/', state: '/', runtime: '/' }, 'any');
  const argv = qemuArgv(boot.labRoot, { ...machine, ram: { kind: 'shared', path: '/ram' }, incoming: false }, files);
  const paths = Object.values(boot).filter((path) => path !== undefined);
  const hostFiles = paths.map(async (path) => {
    const { size, mtimeMs } = await stat(path);
    return [path, size, mtimeMs];
  });
  // Under KVM the guest has seen the host's CPU; under TCG only QEMU's.
  const cpu = accelerator === 'kvm' ? /^model name.*$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[0] : 'tcg';
  return {
    room: join(request.paths.cache, 'snapshots'),
    label: `${profile}-${release}`,
    inputs: {
      argv,
      cpu,
      hostFiles: await Promise.all(hostFiles),
      ...(boot.rootDisk ? { rootDisk: 'by content' } : {}),
    },
  };
}

async function makeSnapshot(
  { paths, shape, bootTimeoutMs }: { paths: LabPaths; shape: MachineShape; bootTimeoutMs: number },
  directory: string,
  ctx: StageContext,
): Promise<void> {
  await requireFreeSpace(directory, shape.memoryMiB, 'a snapshot of a booted machine');
  const files = instanceFiles(paths, `template-${randomBytes(3).toString('hex')}`);
  const made = snapshotFiles(directory);
  const start: StartRequest = {
    files,
    config: { ...shape, lifetime: 'throw-away', ...anyNetwork },
    ram: { kind: 'shared', path: made.ram },
    identity: 'nothing',
  };
  try {
    const run = await startInstance(start, ctx);
    await waitForParcelWish({ files, run, consoleFrom: consoleStart, timeoutMs: bootTimeoutMs }, ctx);
    ctx.waiting('its state to be saved');
    const state: SavedState = { path: made.state, ram: 'mapped' };
    await withQmp(files, ctx.signal, (qmp) => saveState(qmp, state, ctx.signal));
    await stopInstance(files);
    if (shape.boot.rootDisk) await keepRootDisk(directory, files.rootDisk);
    await recordSnapshot(directory);
  } finally {
    await removeInstance(paths, files.name);
  }
}
