// What artefacts take on disk. Counting the 85,000 files of a kernel's source takes a second; nobody writes to one once it is
// published, so its size is kept beside it and counted once.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { runCommand } from '../core/process.ts';
import { readJson, writeJson } from '../core/store.ts';

const sizesFile = z.object({
  schema: z.number(),
  /** By name. `of`: which directory of that name it was. */
  sizes: z.record(z.string(), z.object({ of: z.string(), diskBytes: z.number() })),
});

const isSource = (name: string) => name.startsWith('source-');

/** Bytes on disk of each directory in `room`; one that goes meanwhile counts nothing. */
export async function diskUse(
  room: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const sources = names.filter(isSource);
  if (sources.length === 0) return count(room, names, signal);
  const file = join(room, 'sizes.json');
  // It can be counted again at any time.
  const known = (await readJson(file, sizesFile).catch(() => undefined))?.sizes ?? {};
  const identities = new Map(
    await Promise.all(sources.map(async (name) => [name, await identityOf(join(room, name))] as const)),
  );
  const isKnown = (name: string) => known[name] !== undefined && known[name].of === identities.get(name);
  const counted = await count(
    room,
    names.filter((name) => !isKnown(name)),
    signal,
  );
  const sizeOf = (name: string) => (isKnown(name) ? known[name]?.diskBytes : counted.get(name)) ?? 0;
  const all = new Map(names.map((name) => [name, sizeOf(name)]));
  if (sources.some((name) => !isKnown(name))) {
    const sizes = sources.flatMap((name) => {
      const of = identities.get(name);
      return of === undefined ? [] : [[name, { of, diskBytes: all.get(name) ?? 0 }] as const];
    });
    await writeJson(file, { sizes: Object.fromEntries(sizes) }).catch(() => undefined);
  }
  return all;
}

/** Another one when the directory is made anew, or something is put into it. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && `${found.ino} ${found.mtimeMs}`;
}

async function count(room: string, names: readonly string[], signal: AbortSignal): Promise<Map<string, number>> {
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
