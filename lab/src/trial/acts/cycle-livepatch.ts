// Loads and unloads the livepatch again and again, as fast as its transitions allow.

import type { OpContext } from '../../core/operation.ts';
import { seconds } from '../figures.ts';
import type { ActRequest } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';
import { stageLivepatches } from './stage-livepatch.ts';

export async function cycleLivepatch(request: ActRequest, steps: ActSteps, ctx: OpContext): Promise<void> {
  const stage = stageLivepatches(request, steps, ctx);
  let slowestMs = 0;
  for (let cycle = 0; cycle < request.patch.acts.cycles; cycle++) {
    const { startedAt, endedAt } = await stage.putIn(request.livepatch);
    slowestMs = Math.max(slowestMs, endedAt - startedAt);
    await stage.takeOut(request.livepatch);
  }
  steps.figures.push(`${request.patch.acts.cycles} times, slowest loading ${seconds(slowestMs)}`);
}
