// A task asleep in the code that a transition leaves: it must hold the transition back, also where a tracer has put its own
// return address on the stack, and the transition must complete once the task is gone (as SUSE's qa_test_klp, cases 10 to 12).

import { setTimeout as sleep } from 'node:timers/promises';
import type { OpContext } from '../../core/operation.ts';
import { waitUntil } from '../../core/wait.ts';
import { klpDirectory } from '../../klp/klp-status.ts';
import { loadLivepatch } from '../../klp/load-livepatch.ts';
import { readStragglers } from '../../klp/stragglers.ts';
import { seconds } from '../figures.ts';
import type { ActRequest, Livepatch } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';
import { type Sleeper, startSleeper } from './sleeper.ts';
import { stageLivepatches } from './stage-livepatch.ts';
import { startTracer, stopTracer, tracing } from './trace-livepatch.ts';

/** In the old code, then with the graph tracer on what it calls, then with a kretprobe on the function it sleeps in. */
export async function holdTransition(request: ActRequest, steps: ActSteps, ctx: OpContext): Promise<void> {
  const { guest, livepatch, functions } = request;
  const stage = stageLivepatches(request, steps, ctx);
  const rest = async () => {
    await stage.shows('new', 'once it was woken');
    await stage.takeOut(livepatch);
  };
  const first = await startSleeper(request, steps, ctx);
  await mustWait(request, { sleeper: first, next: livepatch, how: 'untraced' }, steps, ctx);
  await rest();
  try {
    await startTracer({ guest, tracer: 'function_graph', functions, filter: 'set_graph_function' }, ctx);
    const sleeper = await startSleeper(request, steps, ctx);
    await mustWait(request, { sleeper, next: livepatch, how: 'under the graph tracer' }, steps, ctx);
  } finally {
    await stopTracer(guest, ctx);
  }
  await rest();
  const callee = calleeOf(first, functions);
  if (callee === undefined) return;
  const { exitCode } = await guest.script(`echo 'r:lpl/callee ${callee}' > ${tracing}/kprobe_events`, ctx);
  if (exitCode !== 0) return void steps.figures.push(`no kretprobe can be on ${callee}`);
  try {
    await guest.script(`echo 1 > ${tracing}/events/lpl/callee/enable`, ctx);
    const sleeper = await startSleeper(request, steps, ctx);
    await mustWait(request, { sleeper, next: livepatch, how: `with a kretprobe on ${callee}` }, steps, ctx);
  } finally {
    await guest.script(`echo 0 > ${tracing}/events/lpl/callee/enable\n: > ${tracing}/kprobe_events`, ctx);
  }
  await rest();
}

/** A second version comes while a task sleeps in the code of the first. */
export async function secondWhileAsleep(request: ActRequest, steps: ActSteps, ctx: OpContext): Promise<void> {
  const stage = stageLivepatches(request, steps, ctx);
  const [next] = request.versions.replacing;
  if (!next) return steps.cannot('there is no second version');
  await stage.putIn(request.livepatch);
  const sleeper = await startSleeper(request, steps, ctx);
  const inNew = sleeper.stack.some((frame) => frame.endsWith(` [${request.livepatch.module}]`));
  steps.expect(`it sleeps in ${request.livepatch.module}`, inNew);
  await mustWait(request, { sleeper, next, how: 'in patched code' }, steps, ctx);
  await stage.drop(request.livepatch);
  await stage.shows('new', `with ${next.module}`);
  await stage.takeOut(next);
}

type Hold = { sleeper: Sleeper; next: Livepatch; how: string };

async function mustWait(request: ActRequest, hold: Hold, steps: ActSteps, ctx: OpContext): Promise<void> {
  const { guest, functions } = request;
  // Being held is what is asked for here, and no time of the transition's.
  const timeoutMs = request.timeoutMs + request.holdMs;
  const { sleeper, next, how } = hold;
  let isOver = false;
  const loading = loadLivepatch({ guest, timeoutMs, ...next }, ctx).finally(() => (isOver = true));
  // A transition is seen to its end whatever became of the rest.
  const { blamed, wokenAt, ended } = await watchAndWake(request, hold, () => isOver, ctx).finally(() =>
    loading.catch(() => undefined),
  );
  const result = await loading;
  steps.expect(`a task asleep in ${functions.join(', ')} holds it back ${how}`, blamed !== undefined);
  steps.complete(`${next.module}, ${how},`, result);
  steps.expect(`the sleeper ends well (exit code ${ended.exitCode})`, ended.exitCode === 0);
  const tookMs = result.endedAt - wokenAt;
  steps.figures.push(`${how}: held by ${blamed?.comm}[${sleeper.pid}], complete ${seconds(tookMs)} after it was woken`);
}

/** `blamed`: the sleeper, as one of those that had not come over when it had been waited for. */
async function watchAndWake(
  { guest, timeoutMs, holdMs }: ActRequest,
  { sleeper, next: { module } }: Hold,
  isOver: () => boolean,
  ctx: OpContext,
) {
  const { signal } = ctx;
  const inTransition = `[ "$(cat ${klpDirectory(module)}/transition 2>/dev/null)" = 1 ]`;
  await waitUntil({ what: `${module} in transition`, timeoutMs, signal }, async () =>
    isOver() || (await guest.script(inTransition, ctx)).exitCode === 0 ? true : undefined,
  );
  await sleep(holdMs, undefined, { signal });
  const behind = isOver() ? [] : await readStragglers(guest, 'patching', signal);
  const wokenAt = Date.now();
  const ended = await sleeper.wake();
  return { blamed: behind.find(({ pid }) => pid === sleeper.pid), wokenAt, ended };
}

/** What the patched function called, in which the task sleeps. */
function calleeOf({ stack }: Sleeper, functions: readonly string[]): string | undefined {
  const at = stack.findIndex((frame) => functions.includes(frame));
  return at > 0 ? stack[at - 1]?.split(' ')[0] : undefined;
}
