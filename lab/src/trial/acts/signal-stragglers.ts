// Nobody wakes the sleeper: after 15 s the kernel itself gives it a signal that user space never sees (kernel/livepatch/transition.c,
// klp_send_signals), it leaves the old code for a moment, and sleeps on in the new.

import type { OpContext } from '../../core/operation.ts';
import { loadLivepatch } from '../../klp/load-livepatch.ts';
import { seconds } from '../figures.ts';
import type { ActRequest } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';
import { startSleeper } from './sleeper.ts';
import { stageLivepatches } from './stage-livepatch.ts';

/** SIGNALS_TIMEOUT is 15 attempts, one a second. */
const signalledMs = 60_000;

export async function signalStragglers(request: ActRequest, steps: ActSteps, ctx: OpContext): Promise<void> {
  const { guest, livepatch } = request;
  const stage = stageLivepatches(request, steps, ctx);
  const timeoutMs = Math.max(request.timeoutMs, signalledMs);
  const signalled = async () =>
    Number((await guest.script("dmesg | grep -c 'livepatch: signaling remaining tasks' || true", ctx)).stdout);
  const before = await signalled();
  const sleeper = await startSleeper(request, steps, ctx);
  const result = await loadLivepatch({ guest, ...livepatch, timeoutMs }, ctx);
  steps.complete(`${livepatch.module}, with nobody to wake the sleeper,`, result);
  steps.expect('the kernel signalled it', (await signalled()) > before);
  steps.expect('it sleeps on, and noticed nothing', await sleeper.isAsleep());
  await stage.shows('new', 'meanwhile');
  const { exitCode } = await sleeper.wake();
  steps.expect(`the sleeper ends well (exit code ${exitCode})`, exitCode === 0);
  await stage.takeOut(livepatch);
  steps.figures.push(`complete after ${seconds(result.endedAt - result.startedAt)}, by the kernel's signal`);
}
