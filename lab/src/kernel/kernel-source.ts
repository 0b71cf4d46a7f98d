// Pristine kernel source by name, without anything else of the kernel: a directory, or the source of a target.

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { readOwnTree } from './own-tree.ts';
import { ensureStockSource, resolveTarget } from './prepare-kernel.ts';
import { inFull, isShortName, parseTarget, targetNames } from './target-names.ts';
import { parseTargetName } from './target.ts';

/** Whether that names a target in full, not a directory. */
export const isFullTarget = (name: string): boolean => /^(debian|tree):/.test(name);

/**
 * The name of a source in full: a target, or the absolute path of a directory. A short name of a target comes before a
 * directory of that name, which `./` makes one. Throws `usage.invalid` for a directory without kernel source, or as parseTarget
 * does.
 */
export async function fullSourceName({ paths }: Pick<Site, 'paths'>, text: string): Promise<string> {
  const isShort = isShortName(text) && (await targetNames(paths)).some(({ name }) => name === text);
  if (isShort || isFullTarget(text)) return inFull(await parseTarget(paths, text));
  const directory = resolve(text);
  const isSource = await stat(join(directory, 'Kbuild')).catch(() => undefined);
  if (isSource?.isFile()) return directory;
  throw new LabError('usage.invalid', `${text} is no kernel source`, {
    hint: 'name a source directory, or a target such as debian:trixie/cloud-amd64@6.12 (`lpl target ls` shows them)',
  });
}

/** Directory of the source with that full name, fetched if need be. Throws as resolveTarget and readOwnTree do. */
export async function resolveSource(ctx: OpContext, { rooms }: Pick<Site, 'rooms'>, name: string): Promise<string> {
  if (!isFullTarget(name)) return name;
  const target = parseTargetName(name);
  if (target.kind === 'tree') return (await readOwnTree(target.path)).source;
  return ensureStockSource(ctx, rooms, await resolveTarget(ctx, rooms, name));
}
