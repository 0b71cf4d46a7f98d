// Atomic replace: versions of the livepatch take each other's place, and in the end the first takes the place of the last
// (kernel: Documentation/livepatch/cumulative-patches.rst).

import type { OpContext } from '../../core/operation.ts';
import type { ActRequest } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';
import { stageLivepatches } from './stage-livepatch.ts';

export async function replaceLivepatch(request: ActRequest, steps: ActSteps, ctx: OpContext): Promise<void> {
  const stage = stageLivepatches(request, steps, ctx);
  const { livepatch: first, versions, guest } = request;
  let live = first;
  await stage.putIn(first);
  for (const next of [...versions.replacing.slice(0, request.patch.acts.replace - 1), first]) {
    await stage.putIn(next);
    const enabled = await stage.live();
    steps.expect(`${next.module} alone is enabled (${enabled.join(', ')})`, enabled.join() === next.module);
    await stage.drop(live);
    await stage.shows('new', `with ${next.module}`);
    live = next;
  }
  const { exitCode } = await guest.exec(['rmmod', live.module], ctx);
  steps.expect(`the kernel keeps ${live.module}, which is live`, exitCode !== 0);
  await stage.takeOut(live);
  await stage.shows('old', 'once it is gone');
  steps.figures.push(`${request.patch.acts.replace} versions replaced each other, the first came back`);
}
