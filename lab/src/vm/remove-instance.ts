// Removes a machine: its QEMU, its sockets, its directory.

import { rm } from 'node:fs/promises';
import type { LabPaths } from '../core/paths.ts';
import { instanceFiles } from './instance/instance-files.ts';
import { stopInstance } from './stop-instance.ts';

/** Ends the machine if it runs and removes everything of it. A machine that is not there is no error. */
export async function removeInstance(paths: LabPaths, name: string): Promise<void> {
  const files = instanceFiles(paths, name);
  await stopInstance(files);
  await rm(files.directory, { recursive: true, force: true });
}
