// The facade's verbs for the cache; part of lab.ts, which is the only door. Nothing here decides; the rooms do.

import { type OpContext, runStage } from './core/operation.ts';
import type { Site } from './core/site.ts';
import { type CachedArtefact, cacheUse } from './kernel/cache-use.ts';
import { namedTrees } from './kernel/named-targets.ts';
import { pruneCache, type PruneLimits, type PruneResult } from './kernel/prune-cache.ts';
import { keptInCache } from './vm/kept-in-cache.ts';

export type PruneCommand = PruneLimits & { how: 'delete' | 'report' };

export function cacheVerbs({ paths }: Site) {
  const { cache } = paths;
  return {
    /** What the cache holds, for which targets. */
    cacheList: (ctx: OpContext): Promise<CachedArtefact[]> =>
      runStage(ctx, { id: 'cache', title: 'measure the cache' }, async () =>
        cacheUse(cache, ctx.signal, await namedTrees(paths)),
      ),

    /** Deletes what was used longest ago, and nothing that anybody reads or builds on. */
    cachePrune: (command: PruneCommand, ctx: OpContext): Promise<PruneResult> =>
      runStage(ctx, { id: 'prune', title: 'prune the cache' }, async (stage) =>
        pruneCache(stage, { ...command, cache, keep: await keptInCache(paths) }),
      ),
  };
}
