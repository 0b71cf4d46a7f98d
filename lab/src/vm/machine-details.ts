// Everything there is to know about one machine without asking its guest.

import type { LabPaths } from '../core/paths.ts';
import { knownAccelerator } from './accelerator.ts';
import { instanceFiles } from './instance-files.ts';
import { readInstanceConfig } from './instance-record.ts';
import { type MachineStatus, machineStatus } from './machine-status.ts';
import { type MemoryUse, memoryUse } from './memory-use.ts';

export type MachineDetails = MachineStatus & {
  /** Why that accelerator, where that is known. */
  acceleratorReason?: string;
  /** Kernel parameters. */
  commandLine: string[];
  /** Of its QEMU, on the host. */
  memory?: MemoryUse;
};

/** Throws `vm.unknown`. */
export async function machineDetails(paths: LabPaths, name: string, signal: AbortSignal): Promise<MachineDetails> {
  const files = instanceFiles(paths, name);
  const status = await machineStatus(files, signal);
  const [config, choice, memory] = await Promise.all([
    readInstanceConfig(files).catch(() => undefined),
    knownAccelerator(paths),
    status.pid === undefined ? undefined : memoryUse(status.pid),
  ]);
  return {
    ...status,
    commandLine: config?.commandLine ?? [],
    ...(choice?.accelerator === status.accelerator ? { acceleratorReason: choice.reason } : {}),
    ...(memory ? { memory } : {}),
  };
}
