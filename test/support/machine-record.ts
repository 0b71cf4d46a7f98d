// What is written down about a machine, without the machine.

import { mkdir } from 'node:fs/promises';
import { identifyProcess } from '../../lab/src/core/host-process.ts';
import type { LabPaths } from '../../lab/src/core/paths.ts';
import { type InstanceFiles, instanceFiles } from '../../lab/src/vm/instance/instance-files.ts';
import { type InstanceConfig, writeInstanceConfig } from '../../lab/src/vm/instance/instance-record.ts';

/** A kept machine of this process, of such files. */
export function machineRecord(name: string, different: Partial<InstanceConfig> = {}): InstanceConfig {
  return {
    ...{ name, target: 'debian:trixie/x@6.12.94', release: '6.12.94-x', accelerator: 'tcg', cpus: 1, memoryMiB: 256 },
    ...{ commandLine: [], profile: 'tiny', start: 'cold', forwards: [], network: 'closed', lifetime: 'kept' },
    boot: { labRoot: '/c/root', kernel: '/c/vmlinuz', initramfs: '/c/initramfs', modulesDisk: '/c/modules' },
    owner: identifyProcess(process.pid) ?? { pid: process.pid, startTicks: 0 },
    ...different,
  };
}

/** Writes it. */
export async function writeMachine(paths: LabPaths, config: InstanceConfig): Promise<InstanceFiles> {
  const files = instanceFiles(paths, config.name);
  await mkdir(files.directory, { recursive: true });
  await writeInstanceConfig(files, config);
  return files;
}
