// What a machine costs its host in memory. Machines of one snapshot share the pages they have not written: `private` is
// what this one alone takes (proc(5), smaps_rollup).

import { readFile } from 'node:fs/promises';

export type MemoryUse = { residentBytes: number; privateBytes: number; sharedBytes: number };

/** Undefined when the process is gone or not ours. */
export async function memoryUse(pid: number): Promise<MemoryUse | undefined> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return text ? parseSmapsRollup(text) : undefined;
}

/** Values of smaps_rollup in bytes. */
export function parseSmapsRollup(text: string): MemoryUse {
  const bytes = (...names: string[]) =>
    names.reduce((sum, name) => sum + 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0), 0);
  return {
    residentBytes: bytes('Rss'),
    privateBytes: bytes('Private_Clean', 'Private_Dirty'),
    sharedBytes: bytes('Shared_Clean', 'Shared_Dirty'),
  };
}
