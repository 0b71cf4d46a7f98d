// Short names that a developer gives to target kernels: `fix-me` for `tree:/home/me/linux/build`. Kept in the state directory,
// because the cache may be deleted.

import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../core/error.ts';
import { withLock } from '../core/lock.ts';
import type { LabPaths } from '../core/paths.ts';
import { readJson, writeJson } from '../core/store.ts';
import { formatTargetName, parseTargetName, type TargetName } from './target.ts';

/** `target` in full, a tree by its absolute path; `addedAt`: milliseconds since the epoch. */
export type NamedTarget = { name: string; target: string; addedAt: number };

const namesFile = z.object({
  schema: z.number(),
  targets: z.record(z.string(), z.object({ target: z.string(), addedAt: z.number() })),
});

type Names = z.infer<typeof namesFile>['targets'];

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Whether that could be a short name; no full one is. */
export const isShortName = (text: string): boolean => namePattern.test(text);

/** All of them, by name. */
export async function targetNames(paths: LabPaths): Promise<NamedTarget[]> {
  const names = await readNames(paths);
  return Object.keys(names)
    .sort()
    .map((name) => ({ name, ...(names[name] as Names[string]) }));
}

/** Gives `target` that name. Throws `usage.invalid` for a bad or taken name, `kernel.unknown` for a bad target. */
export async function addTargetName(
  paths: LabPaths,
  given: { name: string; target: string },
  signal: AbortSignal,
): Promise<NamedTarget> {
  if (!isShortName(given.name))
    throw new LabError('usage.invalid', `${JSON.stringify(given.name)} is no short name`, {
      hint: 'letters, digits, dots, dashes and underscores, beginning with a letter or digit',
    });
  const entry = { target: inFull(await parseTarget(paths, given.target)), addedAt: Date.now() };
  await change(paths, signal, (names) => {
    const before = Object.hasOwn(names, given.name) ? names[given.name]?.target : undefined;
    if (before !== undefined && before !== entry.target)
      throw new LabError('usage.invalid', `${given.name} is ${before} already`, {
        hint: `\`lpl target rm ${given.name}\` first, or choose another name`,
      });
    return { ...names, [given.name]: entry };
  });
  return { name: given.name, ...entry };
}

/** Forgets the name. Throws `kernel.unknown` when there is none such. */
export async function removeTargetName(paths: LabPaths, name: string, signal: AbortSignal): Promise<NamedTarget> {
  const entry = await entryOf(paths, name);
  await change(paths, signal, (names) => Object.fromEntries(Object.entries(names).filter(([each]) => each !== name)));
  return { name, ...entry };
}

/** What a name means, short or full. Throws `kernel.unknown`, naming the short ones there are. */
export async function parseTarget(paths: LabPaths, text: string): Promise<TargetName> {
  return parseTargetName(isShortName(text) ? (await entryOf(paths, text)).target : text);
}

/** As parseTargetName reads it again, wherever lpl runs. */
export const inFull = (target: TargetName): string =>
  target.kind === 'tree' ? `tree:${target.path}` : formatTargetName(target.name);

async function entryOf(paths: LabPaths, name: string): Promise<Names[string]> {
  const names = await readNames(paths);
  const entry = Object.hasOwn(names, name) ? names[name] : undefined;
  if (entry) return entry;
  const known = Object.keys(names).sort();
  const short = known.length === 0 ? '' : `, or one of ${known.join(', ')}`;
  throw new LabError('kernel.unknown', `there is no target ${name}`, {
    hint: `write debian:SUITE/FLAVOUR[@VERSION] or tree:PATH${short}; \`lpl target add ${name} TARGET\` gives it a name`,
  });
}

const fileOf = ({ state }: LabPaths) => join(state, 'targets.json');

const readNames = async (paths: LabPaths): Promise<Names> => (await readJson(fileOf(paths), namesFile))?.targets ?? {};

async function change(paths: LabPaths, signal: AbortSignal, edit: (names: Names) => Names): Promise<void> {
  await withLock(fileOf(paths), { signal, waitMs: 10_000 }, async () =>
    writeJson(fileOf(paths), { targets: edit(await readNames(paths)) }, 0o600),
  );
}
