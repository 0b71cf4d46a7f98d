// What a sweep tries: many independent patches, each with a name that stays the same from one sweep to the next.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentKey } from '../core/artefact.ts';
import { LabError } from '../core/error.ts';

/** `name`: the file in the kernel tree, or the patch's file name. `patch`: unified diff. */
export type SweepItem = { name: string; patch: string };

/** The patches of a directory (`.patch`, `.diff`), by name. Throws `usage.invalid` when there are none. */
export async function patchesOf(directory: string): Promise<SweepItem[]> {
  const hint = 'name a directory with unified diffs, one livepatch a file (*.patch, *.diff)';
  const names = await readdir(directory).catch((error: unknown) => {
    throw new LabError('usage.invalid', `${directory} is no directory that can be read`, { cause: error, hint });
  });
  const patches = names.filter((name) => /\.(patch|diff)$/.test(name)).sort();
  if (patches.length === 0) throw new LabError('usage.invalid', `${directory} holds no patch`, { hint });
  return Promise.all(patches.map(async (name) => ({ name, patch: await readFile(join(directory, name), 'utf8') })));
}

/** Which of all items a sweep takes. */
export type Choice = {
  /** Part of a name, or the whole of it with `*` for anything. */
  only?: string;
  /** How many of those at most. */
  sample?: number;
};

/**
 * A sample is the same every time, is spread over all directories, and lies within every larger one: what it found out
 * need not be tried again.
 */
export function chooseItems(names: readonly string[], { only, sample }: Choice): string[] {
  const wanted = only === undefined ? names : names.filter(matcher(only));
  if (sample === undefined || sample >= wanted.length) return [...wanted].sort();
  const shuffled = wanted.map((name) => ({ name, order: contentKey(name) }));
  shuffled.sort((a, b) => (a.order < b.order ? -1 : 1));
  return shuffled
    .slice(0, sample)
    .map(({ name }) => name)
    .sort();
}

function matcher(pattern: string): (name: string) => boolean {
  if (!pattern.includes('*')) return (name) => name.includes(pattern);
  const literal = (text: string) => text.replace(/[\\^$.+?()[\]{}|]/g, '\\$&');
  const whole = new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`);
  return (name) => whole.test(name);
}
