// Proves built livepatches in guests, batch by batch, beside the builds.

import { asLabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { ItemResult } from './item-result.ts';
import { judgeBatch, type Judgement } from './judge-batch.ts';
import { type BatchGround, type BatchItem, proveBatch } from './prove-batch.ts';

type Built = { result: ItemResult };

export type ProofLane<T extends Built> = {
  ground: BatchGround;
  /** The next batch; undefined when no more will come. */
  next: () => Promise<T[] | undefined>;
  itemOf: (built: T) => BatchItem;
};

/** Rejects when cancelled. A batch for which no guest can be had is left unknown. */
export async function runProofLane<T extends Built>(
  { ground, next, itemOf }: ProofLane<T>,
  onResult: (built: T, result: ItemResult) => Promise<void>,
  ctx: OpContext,
): Promise<void> {
  for (let batch = await next(), count = 1; batch; batch = await next(), count += 1) {
    const items = batch.map(itemOf);
    const stage = { id: `guest-${count}`, title: `${items.length} livepatches in a guest` };
    const judged = await runStage(ctx, stage, (inner) =>
      judgeBatch(items, (part, kind) => twice(inner, () => proveBatch(ground, part, kind, inner))),
    ).catch((error: unknown) => {
      ctx.signal.throwIfAborted();
      const why = asLabError(error).message;
      const unknown: Judgement = { class: 'unknown', defects: [], stalled: [], why };
      return new Map(items.map(({ module }) => [module, unknown]));
    });
    for (const built of batch) {
      const judgement = judged.get(built.result.moduleName ?? '');
      if (judgement) await onResult(built, withJudgement(built.result, judgement));
    }
  }
}

/** A host that is busy with builds can be too late for a guest. */
async function twice<R>(ctx: OpContext, act: () => Promise<R>): Promise<R> {
  try {
    return await act();
  } catch {
    ctx.signal.throwIfAborted();
    return act();
  }
}

function withJudgement(result: ItemResult, { why, ...judgement }: Judgement): ItemResult {
  const reasons = why === undefined ? [] : [{ rule: judgement.class, message: why }];
  return { ...result, ...judgement, reasons };
}
