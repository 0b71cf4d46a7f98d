// Removes a directory of the cache that nobody reads: at once for whoever looks for it, and not at all when somebody does.

import { realpath, rename, rm } from 'node:fs/promises';
import { relative } from 'node:path';
import { isLabError } from './error.ts';
import { processArgv } from './host-process.ts';
import { usingProcesses } from './in-use.ts';
import { withLock } from './lock.ts';
import { openFilesBelow } from './open-files.ts';
import { runCommand } from './process.ts';

/** A file or directory that nobody may delete though no process reads it now, and who wants it: "machine web1". */
export type Kept = { path: string; by: string };

export type Removal = {
  /** Directory in the cache; nobody writes to it but under the lock of its path. */
  path: string;
  cache: string;
  kept: readonly Kept[];
  /** `report`: only tell whether it would go. */
  how: 'delete' | 'report';
};

/** Removes it and returns undefined, or leaves it and returns who reads it, makes it or wants to keep it. */
export async function removeUnused(
  { path, cache, kept, how }: Removal,
  signal: AbortSignal,
): Promise<string | undefined> {
  // The lock is that of its makers (artefact.ts), for what a killed one left as well.
  try {
    return await withLock(path.replace(tornName, ''), { signal, waitMs: 0 }, async () => {
      const user = await userOf({ path, cache, kept });
      if (user === undefined && how === 'delete') await removeWhole(path);
      return user;
    });
  } catch (error) {
    if (isLabError(error, 'state.locked')) return 'whoever makes it';
    throw error;
  }
}

const tornName = /\.tmp-[^/]*$/;

/** Whether that is what a maker, or a remover, was killed over (publishDirectory, removeWhole); or still is at. */
export const isTorn = (path: string): boolean => tornName.test(path);

/** Killed between the two steps it leaves a torn attempt, which the next maker or remover deletes. */
async function removeWhole(path: string): Promise<void> {
  const doomed = isTorn(path) ? path : `${path}.tmp-removed-${process.pid}`;
  if (path !== doomed) await rename(path, doomed);
  const remove = () => rm(doomed, { recursive: true, force: true });
  await remove().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES') throw error;
    // overlayfs leaves directories of mode 0 behind a build that was killed.
    await runCommand({ argv: ['chmod', '-R', 'u+rwX', doomed] }, { signal: new AbortController().signal });
    await remove();
  });
}

/** Order matters: an lpl that ended after it was asked has started its QEMU before. */
async function userOf({ path, cache, kept }: Omit<Removal, 'how'>): Promise<string | undefined> {
  // /proc shows files by their real path, command lines and records as the user wrote it.
  const caches = [...new Set([cache, await realpath(cache)])];
  const inCache = relative(cache, path);
  const isInside = (file: string) => caches.some((each) => isWithin(file, `${each}/${inCache}`));
  const keeper = kept.find((each) => isInside(each.path));
  if (keeper) return keeper.by;
  for (const { pid, paths } of await usingProcesses()) {
    if (!paths) return `${nameOf(pid)} perhaps, which does not answer`;
    if (paths.some(isInside)) return nameOf(pid);
  }
  const open = (await Promise.all(caches.map(openFilesBelow))).flat().find((file) => isInside(file.path));
  return open && nameOf(open.pid);
}

/** `pid 12 (lpl build fix.patch)`. */
function nameOf(pid: number): string {
  const words = processArgv(pid).map((word) => word.split('/').at(-1) ?? '');
  const from = /^node(js)?$/.test(words[0] ?? '') ? 1 : 0;
  const said = words
    .slice(from, from + 3)
    .join(' ')
    .replace(/\.mjs\b/, '');
  return said ? `pid ${pid} (${said.slice(0, 60)})` : `pid ${pid}`;
}

const isWithin = (path: string, directory: string) => path === directory || path.startsWith(`${directory}/`);
