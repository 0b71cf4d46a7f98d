// Builds the items of a sweep, many at a time, while kbuild makes the reference objects of those that come next.

import { prepareUnits } from '../build/prepare-units.ts';
import { eachLimited } from '../core/each-limited.ts';
import type { OpContext } from '../core/operation.ts';
import { lintPath } from '../patch/lint-path.ts';
import { readPatch } from '../patch/read-patch.ts';
import { type BuildGround, buildItem } from './build-item.ts';
import { notInConfig } from './item-result.ts';
import type { KeptItem, SweepDirectory } from './sweep-directory.ts';
import type { SweepItem } from './sweep-item.ts';

/** So many units kbuild makes in one go. */
const chunkSize = 24;

export type BuildLane = {
  ground: BuildGround;
  directory: SweepDirectory;
  items: readonly SweepItem[];
  jobs: number;
  onResult: (item: SweepItem, kept: KeptItem) => void;
};

/** Rejects when cancelled, or when the host cannot build anything. */
export async function runBuildLane({ ground, directory, items, jobs, onResult }: BuildLane, ctx: OpContext) {
  const silent: OpContext = { signal: ctx.signal, emit: () => undefined, stage: '' };
  const chunks = Array.from({ length: Math.ceil(items.length / chunkSize) }, (_, index) =>
    items.slice(index * chunkSize, (index + 1) * chunkSize),
  );
  const prepare = (chunk: readonly SweepItem[] | undefined) => {
    const prepared = prepareUnits(silent, ground, chunk?.flatMap(unitsOf) ?? []);
    // Awaited in its turn; until then a failure is nobody's yet.
    prepared.catch(() => undefined);
    return prepared;
  };
  let ahead = prepare(chunks[0]);
  for (const [index, chunk] of chunks.entries()) {
    const { notBuilt } = await ahead;
    ahead = prepare(chunks[index + 1]);
    const foreign = new Set(notBuilt);
    await eachLimited(chunk, jobs, async (item) => {
      ctx.signal.throwIfAborted();
      const file = unitsOf(item).find((path) => foreign.has(path));
      const kept = file ? await keepNotBuilt(directory, item, file) : await buildItem(ground, directory, item, ctx);
      onResult(item, kept);
    }).catch(async (error: unknown) => {
      await Promise.allSettled([ahead]);
      throw error;
    });
  }
}

/** C files of the kernel that the patch changes; none of what is no patch. */
function unitsOf({ patch }: SweepItem): string[] {
  const files = readPatch(patch);
  return Array.isArray(files) ? files.map(({ path }) => path).filter((path) => lintPath(path).kind === 'unit') : [];
}

async function keepNotBuilt(directory: SweepDirectory, item: SweepItem, file: string): Promise<KeptItem> {
  const kept = { state: 'done', result: notInConfig(item.name, file) } as const;
  await directory.keep(item, kept);
  return kept;
}
