// What the cache holds and who it is for: every artefact with its room, its size on disk, its age and its targets.

import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StockKernel } from './catalog.ts';
import { diskUse } from './disk-use.ts';
import { stockKernelRecords } from './find-kernel.ts';
import type { OwnTree } from './own-tree.ts';
import { formatTargetName } from './target.ts';

export type CachedArtefact = {
  /** Directory of the cache: kernels, roots, builds ... */
  room: string;
  name: string;
  diskBytes: number;
  /** When it was made, and when it was last asked for; milliseconds since the epoch. */
  madeAt: number;
  usedAt: number;
  /** Targets that it belongs to; empty when it is for all, or for none any more. */
  targets: string[];
};

/** How to tell what of the cache is for a target. */
export type ArtefactOwner = {
  /** In full. */
  name: string;
  /** Artefacts carry what they are of in their names. */
  parts: string[];
  /** Where the target itself lies, without symbolic links. */
  tree?: string;
};

/** The release, the version of the source, suite and compiler. */
export const stockOwner = ({ release, target, compiler }: StockKernel): ArtefactOwner => ({
  name: formatTargetName(target),
  parts: [release, `source-${target.version}`, `toolroot-${target.suite}-${compiler}`],
});

export const treeOwner = ({ name, release, buildTree }: OwnTree): ArtefactOwner => ({
  name,
  parts: [release],
  tree: buildTree,
});

/**
 * Every artefact, by room and then the largest first. `cache` need not exist. `others`: targets that artefacts may be for,
 * beside the stock kernels that were prepared here.
 */
export async function cacheUse(
  cache: string,
  signal: AbortSignal,
  others: readonly ArtefactOwner[] = [],
): Promise<CachedArtefact[]> {
  const stock = (await stockKernelRecords(join(cache, 'kernels'))).map(stockOwner);
  const owners = [...new Map([...stock, ...others].map((owner) => [owner.name, owner])).values()];
  const rooms = (await directories(cache)).map((room) => artefactsIn({ cache, room, owners, signal }));
  return (await Promise.all(rooms)).map((of) => of.sort((a, b) => b.diskBytes - a.diskBytes)).flat();
}

/** The artefacts in one directory of the cache: `builds`, or `builds/NAME` for those that were made on one bench. */
export async function artefactsIn(given: {
  cache: string;
  room: string;
  owners: readonly ArtefactOwner[];
  signal: AbortSignal;
}): Promise<CachedArtefact[]> {
  const { room, owners } = given;
  const directory = join(given.cache, room);
  const names = await directories(directory);
  const real = await realpath(directory).catch(() => directory);
  const sizes = await diskUse(directory, names, given.signal);
  const found = names.map(async (name): Promise<CachedArtefact[]> => {
    const path = join(directory, name);
    const made = await stat(path).catch(() => undefined);
    // Somebody has removed it meanwhile.
    if (!made) return [];
    const asked = await stat(join(path, 'stage.json')).catch(() => undefined);
    const isFor = ({ parts, tree = '' }: ArtefactOwner) =>
      parts.some((part) => `${name}-`.includes(`${part}-`)) || `${tree}/`.startsWith(`${join(real, name)}/`);
    return [
      {
        room,
        name,
        diskBytes: sizes.get(name) ?? 0,
        madeAt: made.mtimeMs,
        usedAt: Math.max(made.mtimeMs, asked?.mtimeMs ?? 0),
        targets: owners.filter(isFor).map((owner) => owner.name),
      },
    ];
  });
  return (await Promise.all(found)).flat();
}

/** Real ones: what a link leads to is not ours. */
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
