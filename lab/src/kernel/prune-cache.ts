// Keeps the cache from growing for ever: what was used longest ago goes, until the rest is young enough and small enough.
// Nothing goes that somebody reads or asked to keep.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StageContext } from '../core/operation.ts';
import { isTorn, type Kept, removeUnused } from '../core/remove-unused.ts';
import { artefactsIn, type CachedArtefact, cacheUse } from './cache-use.ts';
import { forgetGoneKernels } from './find-kernel.ts';

export type PruneLimits = {
  /** What was not used for so long goes. */
  olderThanMs?: number;
  /** What was used longest ago goes until all of it together is at most so large. */
  maxBytes?: number;
};

export type PruneRequest = PruneLimits & {
  cache: string;
  /** `report`: only tell what would go. */
  how: 'delete' | 'report';
  keep: {
    files: readonly Kept[];
    /** Targets whose kernels stay, by their name in full, and who wants it. */
    targets: ReadonlyMap<string, string>;
  };
};

/** `keptBy`: why it stayed though its time had come. */
export type Spared = CachedArtefact & { keptBy: string };

export type PruneResult = { removed: CachedArtefact[]; spared: Spared[]; freedBytes: number; leftBytes: number };

/** Those that hold artefacts of the lab; whatever else lies in the cache is somebody else's, or a few bytes. */
const prunedRooms = ['packages', 'roots', 'kernels', 'facts', 'builds', 'programs', 'images', 'snapshots'];

/** Prunes. The result tells everything that went, or would. What killed makers left goes whatever its age. */
export async function pruneCache(ctx: StageContext, request: PruneRequest): Promise<PruneResult> {
  const { olderThanMs = Infinity, maxBytes = Infinity } = request;
  const { artefacts, totalBytes } = await prunable(request.cache, ctx.signal);
  const usedBefore = Date.now() - olderThanMs;
  const isDue = (artefact: CachedArtefact, leftBytes: number) =>
    artefact.usedAt <= usedBefore || leftBytes > maxBytes || isTorn(artefact.name);
  return removeArtefacts(ctx, request, { artefacts, totalBytes, isDue });
}

/** Removes those that are due, in that order; `totalBytes`: of everything there is. */
export async function removeArtefacts(
  ctx: StageContext,
  request: PruneRequest,
  from: {
    artefacts: readonly CachedArtefact[];
    totalBytes: number;
    isDue: (artefact: CachedArtefact, leftBytes: number) => boolean;
  },
): Promise<PruneResult> {
  const result: PruneResult = { removed: [], spared: [], freedBytes: 0, leftBytes: from.totalBytes };
  for (const [index, artefact] of from.artefacts.entries()) {
    ctx.signal.throwIfAborted();
    ctx.progress(index, from.artefacts.length, 'files');
    if (!from.isDue(artefact, result.leftBytes)) continue;
    const keptBy = await removeArtefact(request, artefact, ctx.signal);
    if (keptBy !== undefined) {
      result.spared.push({ ...artefact, keptBy });
      continue;
    }
    result.removed.push(artefact);
    result.freedBytes += artefact.diskBytes;
    result.leftBytes -= artefact.diskBytes;
  }
  if (request.how === 'delete') await forgetGoneKernels(join(request.cache, 'kernels'));
  return result;
}

/** Undefined when it went, or would. */
async function removeArtefact(
  { cache, how, keep }: PruneRequest,
  { room, name, targets }: CachedArtefact,
  signal: AbortSignal,
): Promise<string | undefined> {
  const named = room === 'kernels' ? targets.find((target) => keep.targets.has(target)) : undefined;
  if (named !== undefined) return keep.targets.get(named);
  return removeUnused({ path: join(cache, room, name), cache, kept: keep.files, how }, signal);
}

/** What can go one by one, that which was used longest ago first. */
async function prunable(
  cache: string,
  signal: AbortSignal,
): Promise<{ artefacts: CachedArtefact[]; totalBytes: number }> {
  const all = (await cacheUse(cache, signal)).filter(({ room }) => prunedRooms.includes(room));
  const split = await Promise.all(all.map((artefact) => splitBench(cache, artefact, signal)));
  return {
    artefacts: split.flat().sort((a, b) => a.usedAt - b.usedAt),
    totalBytes: all.reduce((total, { diskBytes }) => total + diskBytes, 0),
  };
}

/**
 * A bench on which livepatches are built (build/workbench.ts) gathers what was compiled for each patch, as artefacts of their
 * own: who works with it every day would never see them go. They come apart from it, and it is what is left without them.
 */
async function splitBench(cache: string, bench: CachedArtefact, signal: AbortSignal): Promise<CachedArtefact[]> {
  const isArtefact = async (room: string, name: string) =>
    isTorn(name) || stat(join(cache, room, name, 'stage.json')).then(Boolean, () => false);
  if (bench.room !== 'builds' || (await isArtefact(bench.room, bench.name))) return [bench];
  const room = join(bench.room, bench.name);
  const within = await artefactsIn({ cache, room, owners: [], signal });
  const isOne = await Promise.all(within.map(({ name }) => isArtefact(room, name)));
  const parts = within.filter((_, index) => isOne[index]).map((part) => ({ ...part, targets: bench.targets }));
  const partBytes = parts.reduce((total, { diskBytes }) => total + diskBytes, 0);
  const usedAt = Math.max(bench.usedAt, ...parts.map((part) => part.usedAt));
  return [...parts, { ...bench, diskBytes: Math.max(0, bench.diskBytes - partBytes), usedAt }];
}
