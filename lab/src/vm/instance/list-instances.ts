// All machines there are: the directories that hold one.

import { readdir } from 'node:fs/promises';
import type { LabPaths } from '../../core/paths.ts';
import { type InstanceFiles, instanceFiles, isInstanceName, vmsDirectory } from './instance-files.ts';
import { readInstanceConfig } from './instance-record.ts';

/** Sorted by name. Directories without a machine in them, or with a name that is none, are passed over. */
export async function listInstances(paths: LabPaths): Promise<InstanceFiles[]> {
  const names = await readdir(vmsDirectory(paths)).catch(() => []);
  const found = names.filter(isInstanceName).map((name) => instanceFiles(paths, name));
  const configs = await Promise.all(found.map((files) => readInstanceConfig(files).catch(() => 'unreadable')));
  return found.filter((_, index) => configs[index] !== undefined).sort((a, b) => a.name.localeCompare(b.name));
}
