// A build tree as a kernel developer has it: what `lpl kernel build --config tiny` leaves. Built once per source and
// configuration (5.5 minutes measured on two cores), then kept in the user's cache.

import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { memo } from '../../lab/src/core/memo.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { facade } from './facade.ts';
import { operate } from './operation.ts';
import { testTarget } from './stock-kernel.ts';

/** Path of the tree. */
export const tinyTree = memo(async () => {
  const request = { from: testTarget, config: 'tiny' };
  const { target } = await operate((ctx) => facade(labPaths()).kernelBuild(request, ctx));
  return target.slice('tree:'.length);
});

/** Every file below, with what a write would change; not the cache's own note of when an artefact was last used. */
export async function inventory(directory: string): Promise<string[]> {
  const all = ['.', ...(await readdir(directory, { recursive: true }))].sort();
  const names = all.filter((name) => basename(name) !== 'stage.json');
  return Promise.all(
    names.map(async (name) => {
      const { mode, size, mtimeMs, ctimeMs } = await lstat(join(directory, name));
      return [name, mode, size, mtimeMs, ctimeMs].join(' ');
    }),
  );
}
