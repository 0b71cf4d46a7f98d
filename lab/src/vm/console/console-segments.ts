// The console log on disk: `current`, and older segments beside it that svlogd names by the time they were closed. Readers
// remember where they are by inode, which stays when a segment is renamed.

import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A place in the log. */
export type ConsoleMark = { inode: number; offset: number };

/** The beginning of what is kept of the log. */
export const consoleStart: ConsoleMark = { inode: 0, offset: 0 };

/** The end of the log as it is now. `path` is that of `current`. */
export async function consoleEnd(path: string): Promise<ConsoleMark> {
  const found = await stat(path).catch(() => undefined);
  return found ? { inode: found.ino, offset: found.size } : consoleStart;
}

/** Paths of the segments, oldest first, with their inodes. */
export async function consoleSegments(path: string): Promise<{ path: string; inode: number }[]> {
  const names = await readdir(dirname(path)).catch((): string[] => []);
  // TAI64N labels sort by time.
  const old = names.filter((name) => /^@[0-9a-f]{24}\./.test(name)).sort();
  const paths = [...old.map((name) => join(dirname(path), name)), ...(names.includes(basename(path)) ? [path] : [])];
  const found = await Promise.all(paths.map((each) => stat(each).catch(() => undefined)));
  return paths.flatMap((each, index) => {
    const inode = found[index]?.ino;
    return inode === undefined ? [] : [{ path: each, inode }];
  });
}

/** The end of the log, about `bytes` of it, from as many segments as that takes. */
export async function consoleTail(path: string, bytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let missing = bytes;
  for (const segment of (await consoleSegments(path)).reverse()) {
    if (missing <= 0) break;
    const file = await open(segment.path, 'r').catch(() => undefined);
    if (!file) continue;
    try {
      const { size } = await file.stat();
      const part = Buffer.alloc(Math.min(size, missing));
      await file.read(part, 0, part.length, size - part.length);
      parts.unshift(part);
      missing -= part.length;
    } finally {
      await file.close();
    }
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Writes all that is kept of the log to one file, for when the machine is forgotten. */
export async function copyConsole(path: string, to: string): Promise<void> {
  const target = await open(to, 'w', 0o600);
  try {
    for (const segment of await consoleSegments(path)) await target.appendFile(await readFile(segment.path));
  } finally {
    await target.close();
  }
}
