// Proves built livepatches in guests, batch by batch, beside the builds.

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

/** Rejects when no guest can be started, or when cancelled. */
export async function runProofLane<T extends Built>(
  { ground, next, itemOf }: ProofLane<T>,
  onResult: (built: T, result: ItemResult) => Promise<void>,
  ctx: OpContext,
): Promise<void> {
  for (let batch = await next(), count = 1; batch; batch = await next(), count += 1) {
    const items = batch.map(itemOf);
    const judged = await runStage(
      ctx,
      { id: `guest-${count}`, title: `${items.length} livepatches in a guest` },
      (stage) => judgeBatch(items, (part, kind) => proveBatch(ground, part, kind, stage)),
    );
    for (const built of batch) {
      const judgement = judged.get(built.result.moduleName ?? '');
      if (judgement) await onResult(built, withJudgement(built.result, judgement));
    }
  }
}

function withJudgement(result: ItemResult, { why, ...judgement }: Judgement): ItemResult {
  const reasons = why === undefined ? [] : [{ rule: judgement.class, message: why }];
  return { ...result, ...judgement, reasons };
}
