// Livepatches without atomic replace, one over the other; the lowest goes first, for the kernel has not asked for an order
// since 5.1.

import type { OpContext } from '../../core/operation.ts';
import type { ActRequest } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';
import { stageLivepatches } from './stage-livepatch.ts';

export async function stackLivepatch(request: ActRequest, steps: ActSteps, ctx: OpContext): Promise<void> {
  const stage = stageLivepatches(request, steps, ctx);
  const pile = request.versions.stacked;
  for (const livepatch of pile) await stage.putIn(livepatch);
  const enabled = await stage.live();
  steps.expect(`all ${pile.length} are enabled (${enabled.join(', ')})`, enabled.length === pile.length);
  await stage.shows('new', 'under all of them');
  for (const [index, livepatch] of pile.entries()) {
    await stage.takeOut(livepatch);
    const left = pile.length - index - 1;
    await stage.shows(left > 0 ? 'new' : 'old', left > 0 ? `with ${left} left` : 'once all are gone');
  }
  steps.figures.push(`${pile.length} stacked, and taken out from below`);
}
