// Builds one patch of a sweep. That a builder breaks down over a patch is a result as well: the sweep goes on.

import { basename } from 'node:path';
import { type BuildRequest, buildLivepatch } from '../build/build-livepatch.ts';
import { asLabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import { classOfBuild, type ItemResult } from './item-result.ts';
import type { BatchItem } from './prove-batch.ts';
import type { SweepDirectory } from './sweep-directory.ts';
import type { SweepItem } from './sweep-item.ts';

/** What all builds of a sweep have in common. */
export type BuildGround = Pick<BuildRequest, 'kernel' | 'kpatch' | 'labRoot' | 'cache'>;

/** Faults of the host, not of the patch: nothing can be found out until they are mended. */
const fatal = new Set(['host.no-space', 'host.missing-tool', 'host.unwritable', 'command.not-found']);

/** Builds and keeps what came of it. Rejects when cancelled, or when the host cannot build anything. */
export async function buildItem(
  ground: BuildGround,
  directory: SweepDirectory,
  item: SweepItem,
  ctx: OpContext,
): Promise<{ state: 'built' | 'done'; result: ItemResult }> {
  const started = performance.now();
  const result: ItemResult = {
    ...{ name: item.name, class: 'unknown', functions: [], reasons: [], defects: [], stalled: [], buildMs: 0 },
  };
  try {
    const key = directory.keyOf(item).slice(0, 8);
    const built = await buildLivepatch(
      {
        ...ground,
        patch: item.patch,
        patchName: `${key}_${basename(item.name)}`,
        out: directory.moduleOf(item),
        // Many are live at once, and each must stay.
        replace: false,
      },
      { signal: ctx.signal, emit: () => undefined, stage: '' },
    );
    result.class = classOfBuild(built) ?? 'unknown';
    result.reasons = built.reasons;
    result.moduleName = built.moduleName;
    result.functions = built.functions.map(({ object, name }) => `${object}:${name}`);
    result.buildMs = Math.round(performance.now() - started);
    const kept = { state: built.verdict === 'built' ? 'built' : 'done', result } as const;
    await directory.keep(item, kept);
    return kept;
  } catch (error) {
    ctx.signal.throwIfAborted();
    const { code, message } = asLabError(error);
    if (fatal.has(code)) throw error;
    result.reasons = [{ rule: code, message }];
    result.buildMs = Math.round(performance.now() - started);
    return { state: 'done', result };
  }
}

/** What the guest needs to know of a built item. */
export function batchItemOf(
  directory: SweepDirectory,
  item: SweepItem,
  { moduleName, functions }: ItemResult,
): BatchItem {
  const objects = [...new Set(functions.map((each) => each.split(':')[0] ?? ''))];
  return { module: moduleName ?? '', objects, file: directory.moduleOf(item) };
}
