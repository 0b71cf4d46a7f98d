// Keeps the times of a build's stages for its result, beside the events everybody sees.

import type { EventBody } from '../core/event.ts';
import type { OpContext } from '../core/operation.ts';
import type { BuildStage } from './result.ts';

export type StageRecorder = {
  /** Context whose stages are recorded. */
  ctx: OpContext;
  /** In order of their ends. */
  stages: BuildStage[];
};

/** Records every stage that ends under the returned context. */
export function recordStages(ctx: OpContext): StageRecorder {
  const stages: BuildStage[] = [];
  const prefix = ctx.stage ? `${ctx.stage}/` : '';
  const emit = (event: EventBody) => {
    if (event.type === 'stage.end') {
      const name = event.stage.startsWith(prefix) ? event.stage.slice(prefix.length) : event.stage;
      stages.push({ name, ms: event.ms, cached: event.cached });
    }
    ctx.emit(event);
  };
  return { ctx: { ...ctx, emit }, stages };
}
