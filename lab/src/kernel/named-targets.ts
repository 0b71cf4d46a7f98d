// What of the cache belongs to targets that have a short name: a name says that somebody works with it.

import { realpath } from 'node:fs/promises';
import type { LabPaths } from '../core/paths.ts';
import type { Kept } from '../core/remove-unused.ts';
import { type ArtefactOwner, treeOwner } from './cache-use.ts';
import { readOwnTree } from './own-tree.ts';
import { targetNames } from './target-names.ts';
import { parseTargetName } from './target.ts';

/** The build trees among them; one that has gone, or is not built at the moment, is passed over. */
export async function namedTrees(paths: LabPaths): Promise<ArtefactOwner[]> {
  const found = (await treePaths(paths)).map(({ path }) => readOwnTree(path).then(treeOwner, () => undefined));
  return (await Promise.all(found)).filter((owner) => owner !== undefined);
}

/**
 * What nobody may delete: trees may lie in the cache (`lpl kernel build`), and their source with them; and stock kernels.
 * `except`: a name that keeps nothing.
 */
export async function keptForNames(
  paths: LabPaths,
  except?: string,
): Promise<{ files: Kept[]; targets: Map<string, string> }> {
  const trees = (await treePaths(paths)).filter(({ name }) => name !== except);
  const files = trees.map(async ({ name, path }): Promise<Kept[]> => {
    const real = await realpath(path).catch(() => path);
    const source = await realpath(`${path}/source`).catch(() => real);
    return [real, source].map((each) => ({ path: each, by: `target ${name}` }));
  });
  const names = (await targetNames(paths)).filter(({ name }) => name !== except);
  const targets = new Map(names.map(({ name, target }) => [target, `target ${name}`]));
  return { files: (await Promise.all(files)).flat(), targets };
}

async function treePaths(paths: LabPaths): Promise<{ name: string; path: string }[]> {
  return (await targetNames(paths)).flatMap(({ name, target }) => {
    const parsed = parseTargetName(target);
    return parsed.kind === 'tree' ? [{ name, path: parsed.path }] : [];
  });
}
