// Starts a machine: its directory, its keys, its parcel, its QEMU. Does not wait for the guest.

import { constants, copyFile, rm } from 'node:fs/promises';
import { isLabError, LabError } from '../core/error.ts';
import { endWithUs } from '../core/end-with-us.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../core/host-process.ts';
import { withLock } from '../core/lock.ts';
import type { StageContext } from '../core/operation.ts';
import { privateDirectory } from '../core/paths.ts';
import { waitUntil } from '../core/wait.ts';
import type { Wish } from './admission/admission.ts';
import { admit } from './admission/admit.ts';
import { startConsoleLogger } from './console/console-logger.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import {
  type InstanceConfig,
  type InstanceRun,
  readInstanceRun,
  writeInstanceConfig,
  writeInstanceRun,
} from './instance/instance-record.ts';
import { isInstanceProcess } from './instance-state.ts';
import { createOverlay } from './image/overlay.ts';
import { deliverParcel, type GuestFile, layParcel } from './image/parcel.ts';
import { launchArgv, qemuArgv, type Ram } from './qemu/qemu-argv.ts';
import { type Launch, qemuExited, startQemu } from './qemu/qemu-process.ts';
import { withQmp } from './qemu/qmp-access.ts';
import { loadState, type SavedState } from './qemu/saved-state.ts';
import { makeSshKeys } from './guest/ssh-keys.ts';
import { stopInstance } from './stop-instance.ts';
import { readPorts } from './qemu/usernet.ts';

export type StartRequest = {
  files: InstanceFiles;
  config: Omit<InstanceConfig, 'owner' | 'name' | 'start'>;
  ram: Ram;
  /** State to go on from; else the kernel boots. */
  state?: SavedState;
  /**
   * What the guest learns when it asks who it is: new keys and these files, on a new root disk or on that of its last run;
   * what it was before, with its root disk; or nothing (it waits for ever, to be saved).
   */
  identity: { guestFiles: readonly GuestFile[]; keepsDisk?: boolean } | KeptIdentity | 'nothing';
};

/** Copies that a user's snapshot keeps. */
type KeptIdentity = { identity: readonly { live: string; kept: string }[]; rootDisk: string };

/** An aborting QEMU writes its core dump before it is gone. */
const dyingMs = 2_000;

/**
 * The machine's process and ports, once QEMU runs; a guest that goes on from a state runs too. Rejects with `vm.running`
 * when it runs already, `state.locked` when someone else is starting it, `snapshot.failed`, and as startQemu does; after
 * a failure no QEMU of it is left.
 */
export async function startInstance(request: StartRequest, ctx: StageContext): Promise<InstanceRun> {
  const { files, state, config } = request;
  return withLock(files.directory, { signal: ctx.signal, waitMs: 0 }, async () => {
    await requireNotRunning(files);
    const owner = identifyProcess(process.pid);
    if (!owner) throw new LabError('bug', 'this process is not in /proc');
    await prepareDirectory(request, ctx.signal);
    const written: InstanceConfig = { ...config, name: files.name, start: state ? 'snapshot' : 'cold', owner };
    await writeInstanceConfig(files, written);
    ctx.waiting('QEMU to start');
    const { boot, lifetime, cpus, memoryMiB } = config;
    const size = { cpus, memoryMiB };
    const machine = { ...written, ...boot, hasRootDisk: boot.rootDisk !== undefined };
    const argv = qemuArgv(boot.labRoot, { ...machine, ram: request.ram, incoming: state !== undefined }, files);
    const launched = { argv: launchArgv(boot.labRoot, argv, lifetime, files), lifetime, files, size };
    const log = await startConsoleLogger({ labRoot: boot.labRoot, files }, ctx.signal);
    try {
      return await launch(launched, ctx.signal, async () => {
        if (state) await goOn(files, state, ctx.signal);
      });
    } finally {
      log.release();
    }
  });
}

/** Throws `vm.running`. */
async function requireNotRunning(files: InstanceFiles): Promise<void> {
  const before = await readInstanceRun(files);
  if (!before || !isInstanceProcess(files, before.process)) return;
  throw new LabError('vm.running', `machine ${files.name} runs already`, {
    hint: `\`lpl vm down ${files.name}\` first`,
  });
}

/** The parcel is delivered at the last moment, so that the guest's clock is right. */
async function goOn(files: InstanceFiles, state: SavedState, signal: AbortSignal): Promise<void> {
  await withQmp(files, signal, async (qmp) => {
    await loadState(qmp, state, signal);
    await deliverParcel(files.parcel);
    await qmp.execute('cont');
  });
}

async function launch(
  request: Omit<Launch, 'onProcess'> & { size: Omit<Wish, 'name'> },
  signal: AbortSignal,
  begin: () => Promise<void>,
): Promise<InstanceRun> {
  const { files } = request;
  // Written as soon as there is a process, so that whoever dies from here on leaves no QEMU that nobody knows.
  const onProcess = (identity: ProcessIdentity) =>
    writeInstanceRun(files, { process: identity, ports: { ssh: 0, service: 0 } });
  const identity = await admit({ name: files.name, ...request.size }, signal, () =>
    startQemu({ ...request, onProcess }, signal),
  );
  return endWithUs(identity, async () => {
    try {
      await begin();
      const run = { process: identity, ports: await readPorts(files, signal) };
      await writeInstanceRun(files, run);
      return run;
    } catch (error) {
      // Its sockets close a moment before it is gone.
      const wait = { what: `the end of ${files.name}`, timeoutMs: dyingMs, intervalMs: 10, signal };
      if (isLabError(error, 'vm.dead'))
        await waitUntil(wait, () => !isAlive(identity) || undefined).catch(() => undefined);
      const died = !isAlive(identity);
      await stopInstance(files);
      throw died ? await qemuExited(request, 'exit', signal) : error;
    }
  });
}

async function prepareDirectory({ files, config, identity }: StartRequest, signal: AbortSignal): Promise<void> {
  privateDirectory(files.directory);
  await rm(files.sockets, { recursive: true, force: true });
  privateDirectory(files.sockets);
  const keepsDisk = typeof identity === 'object' && 'guestFiles' in identity && identity.keepsDisk === true;
  const disk = keepsDisk ? [] : [files.rootDisk];
  const stale = [files.run, files.pidFile, files.qemuLog, files.cpuLog, files.parcel, ...disk];
  await Promise.all(stale.map((path) => rm(path, { force: true })));
  const { labRoot, rootDisk } = config.boot;
  if (typeof identity === 'object' && 'identity' in identity) {
    for (const { live, kept } of identity.identity) await copyFile(kept, live);
    if (rootDisk) await copyFile(identity.rootDisk, files.rootDisk, constants.COPYFILE_FICLONE);
    return;
  }
  if (rootDisk && !keepsDisk) await createOverlay({ labRoot, path: files.rootDisk, backing: rootDisk }, signal);
  if (identity === 'nothing') return layParcel(files.parcel);
  const keys = await makeSshKeys(files);
  await layParcel(files.parcel, { hostName: files.name, keys, files: identity.guestFiles });
}
