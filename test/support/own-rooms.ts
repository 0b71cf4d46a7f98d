// A cache of which some rooms are a test's own: everything else in it is the user's.

import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { labPaths } from '../../lab/src/core/paths.ts';

/** Makes it at `directory`, which must not exist. */
export async function makeCacheWithOwn(rooms: readonly string[], directory: string): Promise<void> {
  const { cache } = labPaths();
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(cache))
    // `packages` holds apt's configuration, with its own absolute path in it.
    if (name !== 'packages' && !rooms.includes(name)) await symlink(join(cache, name), join(directory, name));
}
