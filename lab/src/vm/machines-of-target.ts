// Which machines were made for a target, running or not.

import type { LabPaths } from '../core/paths.ts';
import { readInstanceConfig } from './instance/instance-record.ts';
import { listInstances } from './instance/list-instances.ts';

/** Their names. `target`: in full, as a machine's record has it. */
export async function machinesOfTarget(paths: LabPaths, target: string): Promise<string[]> {
  const instances = await listInstances(paths);
  const configs = await Promise.all(instances.map((files) => readInstanceConfig(files).catch(() => undefined)));
  return instances.filter((_, index) => configs[index]?.target === target).map(({ name }) => name);
}
