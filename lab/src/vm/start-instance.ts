// Starts a machine: its directory, its keys, its archive of keys behind the base image, its QEMU. Does not wait for the guest.

import { appendFile, chmod, copyFile, rm, writeFile } from 'node:fs/promises';
import { LabError } from '../core/error.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../core/host-process.ts';
import { withLock } from '../core/lock.ts';
import type { StageContext } from '../core/operation.ts';
import { privateDirectory } from '../core/paths.ts';
import { writeCpio } from './cpio.ts';
import type { InstanceFiles } from './instance-files.ts';
import {
  type InstanceConfig,
  type InstanceRun,
  readInstanceRun,
  writeInstanceConfig,
  writeInstanceRun,
} from './instance-record.ts';
import { isInstanceProcess } from './instance-state.ts';
import { launchArgv, qemuArgv } from './qemu-argv.ts';
import { type Launch, qemuExited, startQemu } from './qemu-process.ts';
import { makeSshKeys, type SshKeys } from './ssh-keys.ts';
import { stopInstance } from './stop-instance.ts';
import { readPorts } from './usernet.ts';

export type StartRequest = {
  files: InstanceFiles;
  labRoot: string;
  vmlinuz: string;
  /** Base initramfs of the guest profile. */
  initramfs: string;
  config: Omit<InstanceConfig, 'owner' | 'name'>;
  /** Files for this machine alone: ssh carries less than 1 MB/s into a guest under TCG. */
  extraFiles: readonly GuestFile[];
};

/** A file at /lpl/NAME in the guest. */
export type GuestFile = { name: string; mode: number; content: Uint8Array };

/**
 * The machine's process and ports, once QEMU runs. Rejects with `vm.running` when it runs already, `state.locked` when
 * someone else is starting it, and as startQemu does; after a failure no QEMU of it is left.
 */
export async function startInstance(request: StartRequest, ctx: StageContext): Promise<InstanceRun> {
  const { files } = request;
  return withLock(files.directory, { signal: ctx.signal, waitMs: 0 }, async () => {
    const before = await readInstanceRun(files);
    if (before && isInstanceProcess(files, before.process))
      throw new LabError('vm.running', `machine ${files.name} runs already`, {
        hint: `\`lpl vm down ${files.name}\` first`,
      });
    const owner = identifyProcess(process.pid);
    if (!owner) throw new LabError('bug', 'this process is not in /proc');
    await prepareDirectory(request, ctx.signal);
    const config = { ...request.config, name: files.name, owner };
    await writeInstanceConfig(files, config);
    ctx.waiting('QEMU to start');
    const argv = qemuArgv(request.labRoot, { ...config, vmlinuz: request.vmlinuz }, files);
    return launch(
      { argv: launchArgv(request.labRoot, argv, config.lifetime, files), lifetime: config.lifetime, files },
      ctx.signal,
    );
  });
}

async function launch(request: Omit<Launch, 'onProcess'>, signal: AbortSignal): Promise<InstanceRun> {
  const { files } = request;
  const startedAt = Date.now();
  // Written as soon as there is a process, so that whoever dies from here on leaves no QEMU that nobody knows.
  const onProcess = (identity: ProcessIdentity) =>
    writeInstanceRun(files, { process: identity, startedAt, ports: { ssh: 0, service: 0 } });
  const identity = await startQemu({ ...request, onProcess }, signal);
  try {
    const run = { process: identity, startedAt, ports: await readPorts(files, signal) };
    await writeInstanceRun(files, run);
    return run;
  } catch (error) {
    const died = !isAlive(identity);
    await stopInstance(files);
    throw died ? await qemuExited(request, 'exit') : error;
  }
}

async function prepareDirectory(request: StartRequest, signal: AbortSignal): Promise<void> {
  const { files } = request;
  privateDirectory(files.directory);
  await rm(files.sockets, { recursive: true, force: true });
  privateDirectory(files.sockets);
  const stale = [files.run, files.pidFile, files.consoleLog, files.qemuLog, files.initrd];
  await Promise.all(stale.map((path) => rm(path, { force: true })));
  await writeFile(files.consoleLog, '', { mode: 0o600 });
  const keys = await makeSshKeys({ labRoot: request.labRoot, files }, signal);
  await copyFile(request.initramfs, files.initrd);
  await chmod(files.initrd, 0o600);
  // The kernel unpacks archives one behind the other (buffer-format.rst); the base ends on a multiple of four.
  await appendFile(files.initrd, instanceArchive(keys, request.extraFiles));
}

function instanceArchive(keys: SshKeys, extraFiles: readonly GuestFile[]): Uint8Array {
  return writeCpio([
    { path: 'etc/lpl', directory: true },
    { path: 'etc/lpl/host_key', mode: 0o600, content: keys.hostKey },
    { path: 'root', directory: true, mode: 0o700 },
    { path: 'root/.ssh', directory: true, mode: 0o700 },
    { path: 'root/.ssh/authorized_keys', mode: 0o600, content: Buffer.from(keys.authorized) },
    { path: 'lpl', directory: true },
    ...extraFiles.map(({ name, mode, content }) => ({ path: `lpl/${name}`, mode, content })),
  ]);
}
