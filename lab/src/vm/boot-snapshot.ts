// The automatic snapshot: a machine booted once per kernel, profile, shape and QEMU, saved while it waits for its parcel,
// and from then on the beginning of every machine like it. Measured: 70 ms to a running guest instead of a boot.

import { createHash, randomBytes } from 'node:crypto';
import { access, copyFile, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type ArtefactRequest, artefactPath, ensureArtefact } from '../core/artefact.ts';
import type { StageContext } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import { readJson, writeJson } from '../core/store.ts';
import { instanceFiles } from './instance-files.ts';
import type { InstanceConfig } from './instance-record.ts';
import type { Ram } from './qemu-argv.ts';
import { withQmp } from './qmp-access.ts';
import { waitForParcelWish } from './readiness.ts';
import { removeInstance } from './remove-instance.ts';
import { type SavedState, saveState } from './saved-state.ts';
import { startInstance, type StartRequest } from './start-instance.ts';
import { stopInstance } from './stop-instance.ts';

/** Where a machine begins: what startInstance needs beside the machine's own description. */
export type BootSnapshot = { state: SavedState; ram: Ram; boot: InstanceConfig['boot'] };

type MachineShape = Omit<InstanceConfig, 'owner' | 'name' | 'start' | 'lifetime'>;

const recordSchema = z.object({
  state: z.object({ bytes: z.number(), sha256: z.string() }),
  /** `diskBytes`: what it really takes; a hole punched into it would show there. */
  ram: z.object({ bytes: z.number(), diskBytes: z.number() }),
});

/** Changes when the devices of qemu-argv.ts do; a state fits only the devices it was saved with. */
const deviceFormat = 1;

/** Finds the snapshot of such machines or makes it, by one cold boot. A damaged one is noted and made anew. */
export async function ensureBootSnapshot(
  request: { paths: LabPaths; shape: MachineShape; bootTimeoutMs: number },
  ctx: StageContext,
): Promise<BootSnapshot> {
  const artefact = await snapshotArtefact(request);
  const damage = await findDamage(artefactPath(artefact));
  if (damage) {
    ctx.note(`the snapshot was damaged (${damage}) and is made anew`);
    await rm(artefactPath(artefact), { recursive: true, force: true });
  }
  const directory = await ensureArtefact(ctx, artefact, (temporary) => makeSnapshot(request, temporary, ctx));
  const { ram, state, rootDisk } = filesIn(directory);
  return {
    ram: { kind: 'private', path: ram },
    state: { path: state, ram: 'mapped' },
    boot: request.shape.boot.rootDisk ? { ...request.shape.boot, rootDisk } : request.shape.boot,
  };
}

const filesIn = (directory: string) => ({
  ram: join(directory, 'ram'),
  state: join(directory, 'state'),
  /** What the template wrote to its root disk while it booted; backs the overlays of those who begin here. */
  rootDisk: join(directory, 'root.qcow2'),
  record: join(directory, 'snapshot.json'),
});

async function snapshotArtefact(request: { paths: LabPaths; shape: MachineShape }): Promise<ArtefactRequest> {
  const { boot, profile, release, accelerator, cpus, memoryMiB, commandLine } = request.shape;
  const paths = Object.values(boot).filter((path) => path !== undefined);
  const hostFiles = paths.map(async (path) => {
    const { size, mtimeMs } = await stat(path);
    return [path, size, mtimeMs];
  });
  // Under KVM the guest has seen the host's CPU; under TCG only QEMU's.
  const cpu = accelerator === 'kvm' ? /^model name.*$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[0] : 'tcg';
  const machine = { profile, release, accelerator, cpus, memoryMiB, commandLine, cpu };
  return {
    room: join(request.paths.cache, 'snapshots'),
    label: `${profile}-${release}`,
    inputs: { deviceFormat, ...machine, hostFiles: await Promise.all(hostFiles) },
  };
}

async function makeSnapshot(
  { paths, shape, bootTimeoutMs }: { paths: LabPaths; shape: MachineShape; bootTimeoutMs: number },
  directory: string,
  ctx: StageContext,
): Promise<void> {
  const files = instanceFiles(paths, `template-${randomBytes(3).toString('hex')}`);
  const made = filesIn(directory);
  const start: StartRequest = {
    files,
    config: { ...shape, lifetime: 'throw-away' },
    ram: { kind: 'shared', path: made.ram },
    identity: 'nothing',
  };
  try {
    const run = await startInstance(start, ctx);
    await waitForParcelWish({ files, run, consoleFrom: 0, timeoutMs: bootTimeoutMs }, ctx);
    ctx.waiting('its state to be saved');
    const state: SavedState = { path: made.state, ram: 'mapped' };
    await withQmp(files, ctx.signal, (qmp) => saveState(qmp, state, ctx.signal));
    await stopInstance(files);
    if (shape.boot.rootDisk) await copyFile(files.rootDisk, made.rootDisk);
    await writeJson(made.record, await measure(directory));
  } finally {
    await removeInstance(paths, files.name);
  }
}

async function measure(directory: string): Promise<z.output<typeof recordSchema>> {
  const { ram, state } = filesIn(directory);
  const [ramStat, content] = await Promise.all([stat(ram), readFile(state)]);
  return {
    state: { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') },
    ram: { bytes: ramStat.size, diskBytes: ramStat.blocks * 512 },
  };
}

/** Why the snapshot in that directory cannot be used; undefined when it is whole, or when there is none. */
async function findDamage(directory: string): Promise<string | undefined> {
  const recorded = await readJson(filesIn(directory).record, recordSchema);
  if (!recorded) {
    const isThere = await access(directory).then(
      () => true,
      () => false,
    );
    return isThere ? 'its record is missing' : undefined;
  }
  const found = await measure(directory).catch(() => undefined);
  if (!found) return 'files are missing';
  if (found.state.sha256 !== recorded.state.sha256)
    return `state has ${found.state.bytes} bytes of ${recorded.state.bytes}, or others`;
  if (found.ram.bytes !== recorded.ram.bytes) return `ram has ${found.ram.bytes} bytes of ${recorded.ram.bytes}`;
  if (found.ram.diskBytes < recorded.ram.diskBytes) return 'ram has holes';
  return undefined;
}
