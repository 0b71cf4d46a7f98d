// What the cache holds for one target.

import { type OpContext, runStage } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import type { BootTarget } from './boot-target.ts';
import { type CachedArtefact, cacheUse, stockOwner, treeOwner } from './cache-use.ts';
import { namedTrees } from './named-targets.ts';

/** Every artefact that is for that target, and perhaps for others as well. */
export async function preparedArtefacts(
  ctx: OpContext,
  paths: LabPaths,
  target: BootTarget,
): Promise<CachedArtefact[]> {
  const own = target.kind === 'tree' ? treeOwner(target.tree) : stockOwner(target.kernel);
  const all = await runStage(ctx, { id: 'cache', title: 'measure the cache' }, async () =>
    cacheUse(paths.cache, ctx.signal, [...(await namedTrees(paths)), own]),
  );
  return all.filter(({ targets }) => targets.includes(target.name));
}
