// The public face of the VM room: a running machine, whoever started it.

import { rm } from 'node:fs/promises';
import { LabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import { consoleEnd } from './console/console-segments.ts';
import type { Guest } from './guest/guest.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import { type InstanceConfig, type InstanceRun, readInstanceConfig } from './instance/instance-record.ts';
import { withQmp } from './qemu/qmp-access.ts';
import { rebootGuest } from './reboot.ts';
import { runningInstance } from './running-instance.ts';
import { connectGuest } from './guest/ssh-guest.ts';
import { readSshKeys } from './guest/ssh-keys.ts';
import { stopInstance } from './stop-instance.ts';
import { type MachineEvent, watchMachine } from './watch-machine.ts';

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

/** Time that a restarted guest has until it answers over ssh. */
const rebootTimeoutMs = 90_000;

/** Connects to a machine that runs. Rejects with `vm.unknown`, `vm.not-running` or `guest.unreachable`. */
export async function attachMachine(
  request: { paths: LabPaths; name: string },
  ctx: OpContext,
): Promise<RunningMachine> {
  const { files, run } = await runningInstance(request.paths, request.name, ctx.signal);
  const ssh = { name: files.name, port: run.ports.ssh, ...(await readSshKeys(files)) };
  return machineOf(files, run, await connectGuest(ssh, ctx.signal));
}

/** A machine to whose guest `connected` leads. */
export async function machineOf(files: InstanceFiles, run: InstanceRun, connected: Guest): Promise<RunningMachine> {
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
    watch: async (options) => watchMachine(files, run, { ...options, consoleFrom: await consoleEnd(files.consoleLog) }),
    reboot: async (ctx) => {
      guest = await rebootGuest({ files, run, guest, timeoutMs: rebootTimeoutMs }, ctx);
    },
    detach: () => guest.close(),
    stop: async () => {
      await guest.close();
      await stopInstance(files);
    },
    forget: () => rm(files.directory, { recursive: true, force: true }),
  };
}
