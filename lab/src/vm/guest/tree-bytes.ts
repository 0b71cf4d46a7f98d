// How much a copy will carry.

import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of a file, or of all files below a directory; links are not followed below it. */
export async function treeBytes(path: string): Promise<number> {
  const top = await stat(path);
  if (!top.isDirectory()) return top.size;
  let bytes = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name))).size;
  return bytes;
}
