// A machine that runs, without asking its guest anything: for what must work on one that hangs.

import { LabError } from '../core/error.ts';
import type { LabPaths } from '../core/paths.ts';
import { type InstanceFiles, instanceFiles } from './instance/instance-files.ts';
import {
  type InstanceConfig,
  type InstanceRun,
  readInstanceConfig,
  readInstanceRun,
} from './instance/instance-record.ts';
import { isInstanceProcess } from './instance-state.ts';
import { readPorts } from './qemu/usernet.ts';

export type RunningInstance = { files: InstanceFiles; config: InstanceConfig; run: InstanceRun };

/** Rejects with `vm.unknown` or `vm.not-running`. */
export async function runningInstance(paths: LabPaths, name: string, signal: AbortSignal): Promise<RunningInstance> {
  const files = instanceFiles(paths, name);
  const config = await readInstanceConfig(files);
  if (!config)
    throw new LabError('vm.unknown', `there is no machine ${name}`, { hint: '`lpl vm ls` shows those there are' });
  const run = await readInstanceRun(files);
  if (!run || !isInstanceProcess(files, run.process))
    throw new LabError('vm.not-running', `machine ${name} does not run`, { hint: `\`lpl vm up ${name}\`` });
  // Its starter may have died before it learnt the ports.
  return { files, config, run: run.ports.ssh > 0 ? run : { ...run, ports: await readPorts(files, signal) } };
}
