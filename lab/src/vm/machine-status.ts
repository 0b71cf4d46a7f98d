// What both doors show of a machine: derived from its directory, /proc and QMP each time it is asked for.

import { LabError } from '../core/error.ts';
import { processAgeMs } from '../core/host-process.ts';
import type { Forward } from './qemu/forwards.ts';
import type { LabPaths } from '../core/paths.ts';
import { type InstanceFiles, instanceFiles } from './instance/instance-files.ts';
import type { InstanceConfig } from './instance/instance-record.ts';
import { type InstanceState, inspectInstance } from './instance-state.ts';

export type MachineStatus = {
  name: string;
  state: InstanceState['state'];
  reason?: string;
  target: string;
  release: string;
  accelerator: string;
  profile: string;
  cpus?: number;
  memoryMiB?: number;
  lifetime?: 'kept' | 'throw-away';
  /** How it last began: by its kernel's own boot, or from a snapshot. */
  start?: 'cold' | 'snapshot';
  forwards: readonly Forward[];
  /** `open`: the guest reaches the host's network. */
  network: 'closed' | 'open';
  sshPort?: number;
  pid?: number;
  /** Milliseconds since QEMU started. */
  upMs?: number;
  directory: string;
  /** Current segment of the console log; older ones lie beside it. */
  consoleLog: string;
};

/** A machine that there is, whatever its state. Throws `vm.unknown`. */
export async function knownInstance(paths: LabPaths, name: string, signal: AbortSignal): Promise<InstanceState> {
  return existing(instanceFiles(paths, name), signal);
}

/** Throws `vm.unknown`. */
export async function machineStatus(files: InstanceFiles, signal: AbortSignal): Promise<MachineStatus> {
  const found = await existing(files, signal);
  const { state, reason, config, run } = found;
  return {
    name: files.name,
    state,
    ...(reason === undefined ? {} : { reason }),
    target: config?.target ?? 'unknown',
    release: config?.release ?? 'unknown',
    accelerator: config?.accelerator ?? 'unknown',
    profile: config?.profile ?? 'unknown',
    ...(config ? shapeOf(config) : {}),
    forwards: config?.forwards ?? [],
    network: config?.network ?? 'closed',
    ...(run ? { sshPort: run.ports.ssh, pid: run.process.pid, upMs: processAgeMs(run.process) } : {}),
    directory: files.directory,
    consoleLog: files.consoleLog,
  };
}

function shapeOf({ cpus, memoryMiB, lifetime, start }: InstanceConfig) {
  return { cpus, memoryMiB, lifetime, start };
}

async function existing(files: InstanceFiles, signal: AbortSignal): Promise<InstanceState> {
  const found = await inspectInstance(files, signal);
  if (found) return found;
  throw new LabError('vm.unknown', `there is no machine ${files.name}`, { hint: '`lpl vm ls` shows those there are' });
}
