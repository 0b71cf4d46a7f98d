// A cache whose snapshots and benches are a test's own: everything else in it is the user's.

import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { labPaths } from '../../lab/src/core/paths.ts';

/** `packages` holds apt's configuration, with its own absolute path in it. */
const own = ['snapshots', 'builds', 'packages'];

/** Makes it at `directory`, which must not exist. */
export async function makeCacheWithOwnSnapshots(directory: string): Promise<void> {
  const { cache } = labPaths();
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(cache))
    if (!own.includes(name)) await symlink(join(cache, name), join(directory, name));
}
