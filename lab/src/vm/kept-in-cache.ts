// What of the cache stays though no process reads it now: whoever prunes asks here.

import type { LabPaths } from '../core/paths.ts';
import { keptForNames } from '../kernel/named-targets.ts';
import type { PruneRequest } from '../kernel/prune-cache.ts';
import { machineFiles } from './machine-files.ts';

/** What machines and named targets need; `except`: a name that needs nothing any more. Throws `state.newer-format`. */
export async function keptInCache(paths: LabPaths, except?: string): Promise<PruneRequest['keep']> {
  const { files, targets } = await keptForNames(paths, except);
  return { files: [...(await machineFiles(paths)), ...files], targets };
}
