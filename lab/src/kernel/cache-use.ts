// What the cache holds and who it is for: every artefact with its room, its size on disk, its age and its targets.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../core/process.ts';
import { stockKernelRecords } from './find-kernel.ts';
import { formatTargetName } from './target.ts';

export type CachedArtefact = {
  /** Directory of the cache: kernels, roots, builds ... */
  room: string;
  name: string;
  diskBytes: number;
  /** When it was made, milliseconds since the epoch. */
  madeAt: number;
  /** Prepared targets that it belongs to; empty when it is for all, or for none any more. */
  targets: string[];
};

/** Every artefact, by room and then the largest first. `cache` need not exist. */
export async function cacheUse(cache: string, signal: AbortSignal): Promise<CachedArtefact[]> {
  const kernels = await stockKernelRecords(join(cache, 'kernels'));
  const rooms = await directories(cache);
  const found = await Promise.all(
    rooms.map(async (room) => {
      const names = await directories(join(cache, room));
      const sizes = await diskUse(join(cache, room), names, signal);
      return Promise.all(
        names.map(async (name): Promise<CachedArtefact> => {
          const { mtimeMs } = await stat(join(cache, room, name));
          const owners = kernels.filter((kernel) => belongs(name, kernel));
          const targets = owners.map(({ target }) => formatTargetName(target));
          return { room, name, diskBytes: sizes.get(name) ?? 0, madeAt: mtimeMs, targets };
        }),
      );
    }),
  );
  return found.map((of) => of.sort((a, b) => b.diskBytes - a.diskBytes)).flat();
}

/** Artefacts carry what they are of in their names: the release, the version of the source, suite and compiler. */
function belongs(
  name: string,
  { release, target, compiler }: Awaited<ReturnType<typeof stockKernelRecords>>[number],
): boolean {
  const parts = [release, `source-${target.version}`, `toolroot-${target.suite}-${compiler}`];
  return parts.some((part) => `${name}-`.includes(`${part}-`));
}

const directories = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
};

/** Bytes on disk of each; one that goes meanwhile counts nothing. */
async function diskUse(room: string, names: readonly string[], signal: AbortSignal): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const argv = ['du', '-s', '-B1', '--', ...names.map((name) => join(room, name))] as const;
  const { stdout } = await runCommand({ argv, okCodes: [0, 1] }, { signal });
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [bytes = '', path] = line.split('\t');
      return path ? [[path.slice(room.length + 1), Number(bytes)] as const] : [];
    }),
  );
}
