// Sees a transition through to a safe end: complete, or reversed when time is up or the operation is cancelled. Reversal
// is writing the opposite value to `enabled` (kernel: Documentation/livepatch/livepatch.rst); `force` is never used.

import { isLabError, LabError } from '../core/error.ts';
import type { StalledTask } from '../core/event.ts';
import type { StageContext } from '../core/operation.ts';
import type { Guest } from '../vm/guest/guest.ts';
import { klpDirectory } from './klp-status.ts';
import { readStragglers } from './stragglers.ts';
import { type Direction, followSamples, type TransitionSample } from './transition-samples.ts';

export type TransitionResult = {
  direction: Direction;
  /** `reversed`: rolled back to where it began; `stuck`: it moves neither way. */
  outcome: 'complete' | 'reversed' | 'stuck';
  /** Host times, ms since the epoch. */
  startedAt: number;
  endedAt: number;
  samples: { at: number; converged: number; remaining: number }[];
  /** Tasks that had not reached the goal when time was up. */
  stalled: StalledTask[];
};

export type TransitionRequest = {
  guest: Guest;
  module: string;
  direction: Direction;
  /** Since `begin` has tried every task once: what a slow guest takes for that is no task's fault. */
  timeoutMs: number;
  /**
   * Sets the transition going: insmod, or a write to `enabled`. The kernel tries every task before either returns, which
   * is most of a transition, so the following begins before it.
   */
  begin: (signal: AbortSignal) => Promise<void>;
};

/** The kernel retries once a second and signals sleepers after 15 s, so this gives every task two such signals. */
export const defaultTransitionMs = 35_000;
/** Tasks in the way of the first direction are where they were before: going back needs only the others. */
const reversalMs = 60_000;
/**
 * insmod of a large module under TCG, with every task's stack to be looked at. Until 6.12 or so it also rewrites every call of
 * cond_resched(), with three interrupts to all CPUs each (kernel/sched/core.c, sched_dynamic_klp_enable): on a busy guest
 * without KVM that alone takes tens of seconds.
 */
const beginMs = 60_000;

/**
 * Begins a transition and follows it to its end. A stall is a result. Rejects with what `begin` threw, with
 * `guest.unreachable`, or with the signal's reason once the transition is reversed.
 */
export async function followTransition(request: TransitionRequest, ctx: StageContext): Promise<TransitionResult> {
  const { guest, direction, timeoutMs } = request;
  const samples: TransitionResult['samples'] = [];
  ctx.waiting(`every task of ${guest.name} to leave the ${direction === 'patching' ? 'old' : 'new'} code`);
  const startedAt = Date.now();
  const end = (outcome: TransitionResult['outcome'], stalled: StalledTask[] = []): TransitionResult => {
    return { direction, outcome, startedAt, endedAt: Date.now(), samples, stalled };
  };
  const deadline = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begun = beginOnce(request);
  begun.done.then(
    () => (timer = setTimeout(() => deadline.abort(), timeoutMs)),
    () => undefined,
  );
  try {
    const onSample = (sample: TransitionSample) => {
      if (sample.running || begun.isDone()) samples.push(report(request, sample, ctx));
      return begun.isDone() && !sample.running;
    };
    const over = new AbortController();
    const following = followSamples(
      { ...request, onSample },
      AbortSignal.any([ctx.signal, deadline.signal, over.signal]),
    );
    begun.done.catch((error: unknown) => over.abort(error));
    const last = await following;
    return end(last.enabled === (direction === 'patching') ? 'complete' : 'reversed');
  } catch (error) {
    // The act is seen to its end even when cancelled: one cut off in the middle would leave nobody to reverse it.
    const seenToItsEnd = begun.done.then(() => false, isTimeout);
    if (ctx.signal.aborted) {
      await seenToItsEnd.then(() => reverseTransition(request, ctx)).catch(unlessGone);
      throw error;
    }
    if (!(await seenToItsEnd) && !deadline.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  const stalled = await readStragglers(guest, direction, ctx.signal);
  ctx.emit({ type: 'klp.stalled', vm: guest.name, module: request.module, tasks: stalled });
  return end(await reverseTransition(request, ctx), stalled);
}

/** Whether the act itself was out of time; rethrows what else became of it. */
function isTimeout(error: unknown): boolean {
  if (isLabError(error, 'op.timeout') || (error instanceof Error && error.name === 'TimeoutError')) return true;
  throw error;
}

/** A guest that was ended meanwhile has nothing to put back. */
function unlessGone(error: unknown): void {
  if (!isLabError(error, 'guest.unreachable')) throw error;
}

function beginOnce({ begin, timeoutMs }: TransitionRequest): { done: Promise<void>; isDone: () => boolean } {
  let isDone = false;
  const done = begin(AbortSignal.timeout(Math.max(beginMs, timeoutMs))).then(() => void (isDone = true));
  return { done, isDone: () => isDone };
}

/**
 * Sends the transition back and waits until it has arrived. Runs under a cancelled operation too, with bounds of its own.
 */
async function reverseTransition(
  request: TransitionRequest,
  ctx: StageContext,
): Promise<'reversed' | 'stuck' | 'complete'> {
  const { guest, module, direction } = request;
  ctx.waiting(`the transition of ${module} to be reversed`);
  const deadline = AbortSignal.timeout(reversalMs);
  const back = direction === 'patching' ? 0 : 1;
  const { exitCode, stderr } = await setEnabled(guest, module, back, deadline);
  const opposite: Direction = direction === 'patching' ? 'unpatching' : 'patching';
  try {
    const onSample = (sample: TransitionSample) => {
      report({ ...request, direction: opposite }, sample, ctx);
      return !sample.running;
    };
    const last = await followSamples({ guest, module, onSample }, deadline);
    // It may have completed in the very moment we gave up; then the kernel began a transition back, or refused to.
    if (exitCode !== 0 && last.enabled === (direction === 'patching')) return 'complete';
    if (exitCode !== 0)
      throw new LabError('guest.command-failed', `${guest.name}: cannot reverse ${module}: ${stderr.trim()}`);
    return 'reversed';
  } catch (error) {
    if (deadline.aborted) return 'stuck';
    throw error;
  }
}

/** Writes `enabled`; the kernel answers EINVAL when it is so already, EBUSY when another patch is in the way. */
export async function setEnabled(
  guest: Guest,
  module: string,
  value: 0 | 1,
  signal: AbortSignal,
): Promise<{ exitCode: number; stderr: string }> {
  return guest.script(`echo ${value} > ${klpDirectory(module)}/enabled`, { signal, timeoutMs: beginMs });
}

function report(
  { guest, module, direction }: TransitionRequest,
  { at, running, patched, unpatched, idle }: TransitionSample,
  ctx: StageContext,
): { at: number; converged: number; remaining: number } {
  const [reached, remaining] = direction === 'patching' ? [patched, unpatched] : [unpatched, patched];
  // Once it is over the kernel sets every task's state to -1.
  const converged = running ? reached : reached + idle;
  ctx.emit({ type: 'klp.transition', vm: guest.name, module, direction, converged, remaining, complete: !running });
  ctx.progress(converged, converged + remaining, 'tasks');
  return { at, converged, remaining };
}

/** For people: "complete in 1.30 s, 70 tasks". */
export function transitionNote({ outcome, startedAt, endedAt, samples }: TransitionResult): string {
  const last = samples.at(-1);
  const tasks = last ? `, ${last.converged + last.remaining} tasks` : '';
  return `${outcome} in ${((endedAt - startedAt) / 1000).toFixed(2)} s${tasks}`;
}
