// What the cache holds and who it is for: every artefact with its room, its size on disk, its age and its targets.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../core/process.ts';
import type { StockKernel } from './catalog.ts';
import { stockKernelRecords } from './find-kernel.ts';
import { formatTargetName } from './target.ts';

export type CachedArtefact = {
  /** Directory of the cache: kernels, roots, builds ... */
  room: string;
  name: string;
  diskBytes: number;
  /** When it was made, and when it was last asked for; milliseconds since the epoch. */
  madeAt: number;
  usedAt: number;
  /** Prepared targets that it belongs to; empty when it is for all, or for none any more. */
  targets: string[];
};

/**
 * Every artefact, by room and then the largest first. `cache` need not exist. `trees`: developers' own that artefacts may be
 * for as well.
 */
export async function cacheUse(
  cache: string,
  signal: AbortSignal,
  trees: readonly { name: string; release: string }[] = [],
): Promise<CachedArtefact[]> {
  const kernels = await stockKernelRecords(join(cache, 'kernels'));
  const owners = [
    ...kernels.map((kernel) => ({ name: formatTargetName(kernel.target), parts: partsOf(kernel) })),
    ...trees.map(({ name, release }) => ({ name, parts: [release] })),
  ];
  const rooms = await directories(cache);
  const found = await Promise.all(
    rooms.map(async (room) => {
      const names = await directories(join(cache, room));
      const sizes = await diskUse(join(cache, room), names, signal);
      return Promise.all(
        names.map(async (name): Promise<CachedArtefact> => {
          const path = join(cache, room, name);
          const { mtimeMs } = await stat(path);
          const asked = await stat(join(path, 'stage.json')).catch(() => undefined);
          const targets = owners.filter(({ parts }) => belongs(name, parts)).map((owner) => owner.name);
          return {
            room,
            name,
            diskBytes: sizes.get(name) ?? 0,
            madeAt: mtimeMs,
            usedAt: Math.max(mtimeMs, asked?.mtimeMs ?? 0),
            targets,
          };
        }),
      );
    }),
  );
  return found.map((of) => of.sort((a, b) => b.diskBytes - a.diskBytes)).flat();
}

/** Artefacts carry what they are of in their names: the release, the version of the source, suite and compiler. */
const partsOf = ({ release, target, compiler }: StockKernel): string[] => [
  release,
  `source-${target.version}`,
  `toolroot-${target.suite}-${compiler}`,
];

const belongs = (name: string, parts: readonly string[]) => parts.some((part) => `${name}-`.includes(`${part}-`));

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
