// Whether a file system has room, asked before anything expensive is begun.

import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LabError } from './error.ts';

const mebi = 2 ** 20;

/**
 * Throws `host.no-space` when the file system of `directory`, or of the nearest parent there is, has less than
 * `neededMiB` free for this user. `what`, for the message: "a snapshot of web1".
 */
export async function requireFreeSpace(directory: string, neededMiB: number, what: string): Promise<void> {
  const { bavail, bsize } = await statfsOfNearest(directory);
  const freeMiB = Math.floor((bavail * bsize) / mebi);
  if (freeMiB >= neededMiB) return;
  throw new LabError('host.no-space', `${what} can take ${neededMiB} MiB, ${directory} has ${freeMiB} MiB free`, {
    hint: 'free some space there, or put the lab elsewhere with XDG_STATE_HOME and XDG_CACHE_HOME',
    details: { neededMiB, freeMiB },
  });
}

async function statfsOfNearest(directory: string) {
  for (let path = directory; ; path = dirname(path)) {
    const found = await statfs(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || path === dirname(path)) throw error;
      return undefined;
    });
    if (found) return found;
  }
}
