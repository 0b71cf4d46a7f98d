// The public face of the VM room: a running machine, whoever started it.

import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import type { BootableKernel } from '../kernel/target.ts';
import type { Guest } from './guest.ts';
import { type InstanceFiles, instanceFiles } from './instance-files.ts';
import { type InstanceConfig, type InstanceRun, readInstanceConfig, readInstanceRun } from './instance-record.ts';
import { isInstanceProcess } from './instance-state.ts';
import { type Accelerator, baseCommandLine } from './qemu-argv.ts';
import { withQmp } from './qmp-access.ts';
import { waitForGuest } from './readiness.ts';
import { rebootGuest } from './reboot.ts';
import { connectGuest } from './ssh-guest.ts';
import { readSshKeys } from './ssh-keys.ts';
import { type GuestFile, startInstance } from './start-instance.ts';
import { stopInstance } from './stop-instance.ts';
import { ensureTinyInitramfs } from './tiny-initramfs.ts';
import { readPorts } from './usernet.ts';
import { type MachineEvent, watchMachine } from './watch-machine.ts';

export type MachineRequest = {
  paths: LabPaths;
  /** Extracted root with QEMU, busybox and dropbear. */
  labRoot: string;
  /** `images/guest` of the repository. */
  recipes: string;
  name: string;
  kernel: BootableKernel;
  lifetime: 'kept' | 'throw-away';
  accelerator: Accelerator;
  /** Modules that modprobe in the guest shall find beyond the boot ones. */
  modules?: readonly string[];
  /** Static guest agent, at /bin/lpl-agent. */
  agent?: Uint8Array;
  /** Files of this machine alone, at /lpl/NAME in the guest. */
  extraFiles?: readonly GuestFile[];
  /** Default 2 CPUs, 512 MiB. */
  cpus?: number;
  memoryMiB?: number;
  /** More kernel parameters, such as nokaslr. */
  kernelParameters?: readonly string[];
  /** Time from the start of QEMU to ssh; default 90 s. */
  bootTimeoutMs?: number;
};

export type RunningMachine = {
  readonly name: string;
  readonly files: InstanceFiles;
  readonly config: InstanceConfig;
  readonly run: InstanceRun;
  /** The guest's ssh connection; another one after reboot(). */
  readonly guest: Guest;
  /** One QMP command over a connection of its own. */
  qmp<T = unknown>(command: string, args: Record<string, unknown>, signal: AbortSignal): Promise<T>;
  /**
   * Console lines, problems, QMP events and the end of QEMU from now on; resolves when the signal aborts or QEMU ends.
   * `onReady` is called once nothing can be missed. Rejects with `state.locked` when too many watch.
   */
  watch(options: { signal: AbortSignal; onEvent: (event: MachineEvent) => void; onReady?: () => void }): Promise<void>;
  /** Restarts the guest for real, in the same QEMU, and connects again. */
  reboot(ctx: OpContext): Promise<void>;
  /** Closes the ssh connection and leaves the machine alone. */
  detach(): Promise<void>;
  /** Ends QEMU. Works under a cancelled operation too. */
  stop(): Promise<void>;
  /** Removes the directory of a machine that was stopped. */
  forget(): Promise<void>;
};

const bootTimeoutMs = 90_000;

/**
 * Starts a machine and waits until it answers over ssh. After a failure no QEMU of it is left, but its directory stays
 * for the console log. Rejects as startInstance and waitForGuest do.
 */
export async function startMachine(request: MachineRequest, ctx: OpContext): Promise<RunningMachine> {
  const files = instanceFiles(request.paths, request.name);
  const { kernel, labRoot } = request;
  const initramfs = await runStage(ctx, { id: 'guest-image', title: `Guest image for ${kernel.release}` }, (stage) =>
    ensureTinyInitramfs({ ...request, modules: request.modules ?? [] }, join(request.paths.cache, 'images'), stage),
  );
  return runStage(ctx, { id: 'boot', title: `Boot ${request.name} (${kernel.release})` }, async (stage) => {
    const config = configOf(request);
    const run = await startInstance(
      { files, labRoot, vmlinuz: kernel.vmlinuz, initramfs, config, extraFiles: request.extraFiles ?? [] },
      stage,
    );
    try {
      const ssh = { name: files.name, port: run.ports.ssh, ...(await readSshKeys(files)) };
      const timeoutMs = request.bootTimeoutMs ?? bootTimeoutMs;
      const guest = await waitForGuest({ files, run, ssh, consoleFrom: 0, timeoutMs }, stage);
      ctx.emit({ type: 'vm.state', vm: files.name, state: 'running' });
      stage.note(`ssh on 127.0.0.1:${run.ports.ssh}, ${config.accelerator}`);
      return await machineOf(files, run, guest);
    } catch (error) {
      await stopInstance(files);
      throw error;
    }
  });
}

/** Connects to a machine that runs. Rejects with `vm.unknown`, `vm.not-running` or `guest.unreachable`. */
export async function attachMachine(
  request: { paths: LabPaths; name: string },
  ctx: OpContext,
): Promise<RunningMachine> {
  const files = instanceFiles(request.paths, request.name);
  if (!(await readInstanceConfig(files)))
    throw new LabError('vm.unknown', `there is no machine ${request.name}`, {
      hint: '`lpl vm ls` shows those there are',
    });
  const found = await readInstanceRun(files);
  if (!found || !isInstanceProcess(files, found.process))
    throw new LabError('vm.not-running', `machine ${request.name} does not run`, {
      hint: `\`lpl vm up ${request.name}\``,
    });
  // Its starter may have died before it learnt the ports.
  const run = found.ports.ssh > 0 ? found : { ...found, ports: await readPorts(files, ctx.signal) };
  const ssh = { name: files.name, port: run.ports.ssh, ...(await readSshKeys(files)) };
  return machineOf(files, run, await connectGuest(ssh, ctx.signal));
}

async function machineOf(files: InstanceFiles, run: InstanceRun, connected: Guest): Promise<RunningMachine> {
  const config = await readInstanceConfig(files);
  if (!config) throw new LabError('vm.unknown', `machine ${files.name} was removed`);
  let guest = connected;
  return {
    name: files.name,
    files,
    config,
    run,
    get guest() {
      return guest;
    },
    qmp: (command, args, signal) => withQmp(files, signal, (qmp) => qmp.execute(command, args)),
    watch: async (options) =>
      watchMachine(files, run, { ...options, consoleFrom: (await stat(files.consoleLog)).size }),
    reboot: async (ctx) => {
      guest = await rebootGuest({ files, run, guest, timeoutMs: bootTimeoutMs }, ctx);
    },
    detach: () => guest.close(),
    stop: async () => {
      await guest.close();
      await stopInstance(files);
    },
    forget: () => rm(files.directory, { recursive: true, force: true }),
  };
}

function configOf(request: MachineRequest): Omit<InstanceConfig, 'owner' | 'name'> {
  const { kernel, lifetime, accelerator } = request;
  return {
    target: kernel.name,
    release: kernel.release,
    accelerator,
    lifetime,
    cpus: request.cpus ?? 2,
    memoryMiB: request.memoryMiB ?? 512,
    commandLine: [...baseCommandLine, ...(request.kernelParameters ?? [])],
  };
}
