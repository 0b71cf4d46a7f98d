// Every long act of the lab is an operation: cancellable, staged, with clean-up that ends before it settles (DESIGN 4.5).

import { randomBytes } from 'node:crypto';
import { eachLimited } from './each-limited.ts';
import { asLabError, errorToJson, isLabError, LabError } from './error.ts';
import type { EventBody, LabEvent } from './event.ts';

/** What every lab verb that can outlast 200 ms takes last. */
export type OpContext = {
  readonly signal: AbortSignal;
  readonly emit: (event: EventBody) => void;
  /** Path of the enclosing stage, '' at the top. */
  readonly stage: string;
};

export type StageContext = OpContext & {
  /** Names what the stage is waiting for right now. */
  waiting: (what: string) => void;
  progress: (done: number, total: number | undefined, unit: 'bytes' | 'files' | 'tasks' | 'ms') => void;
  /** One short phrase about the result, shown behind the stage's title. */
  note: (text: string) => void;
  /** Declares that the result came from the cache. */
  cached: () => void;
};

/**
 * Runs `body` as the named operation. `emit` receives every event, stamped. Rejects with what `body` threw, as a
 * LabError; cancellation becomes `op.cancelled`.
 */
export async function runOperation<T>(
  options: { name: string; equivalent?: string; signal: AbortSignal; emit: (event: LabEvent) => void },
  body: (ctx: OpContext) => Promise<T>,
): Promise<T> {
  const op = randomBytes(4).toString('hex');
  const emit = (event: EventBody) => options.emit({ at: Date.now(), op, ...event });
  const started = performance.now();
  const ms = () => Math.round(performance.now() - started);
  emit({ type: 'op.start', name: options.name, ...(options.equivalent ? { equivalent: options.equivalent } : {}) });
  try {
    const result = await body({ signal: options.signal, emit, stage: '' });
    emit({ type: 'op.end', ok: true, ms: ms() });
    return result;
  } catch (error) {
    const settled = settle(error, options.signal);
    emit({ type: 'op.end', ok: false, ms: ms(), error: errorToJson(settled) });
    throw settled;
  }
}

/** Runs `body` as a stage of `ctx`, with start and end events. `id` is one path segment. */
export async function runStage<T>(
  ctx: OpContext,
  { id, title }: { id: string; title: string },
  body: (ctx: StageContext) => Promise<T>,
): Promise<T> {
  ctx.signal.throwIfAborted();
  const stage = ctx.stage ? `${ctx.stage}/${id}` : id;
  const started = performance.now();
  let note: string | undefined;
  let cached = false;
  const stageCtx: StageContext = {
    signal: ctx.signal,
    emit: ctx.emit,
    stage,
    waiting: (what) => ctx.emit({ type: 'stage.waiting', stage, what }),
    progress: (done, total, unit) =>
      ctx.emit({ type: 'stage.progress', stage, done, unit, ...(total === undefined ? {} : { total }) }),
    note: (text) => void (note = text),
    cached: () => void (cached = true),
  };
  const end = (ok: boolean, error?: unknown) =>
    ctx.emit({
      type: 'stage.end',
      stage,
      ok,
      ms: Math.round(performance.now() - started),
      cached,
      ...(note === undefined ? {} : { note }),
      ...(error === undefined ? {} : { error: errorToJson(settle(error, ctx.signal)) }),
    });
  ctx.emit({ type: 'stage.start', stage, title });
  try {
    const result = await body(stageCtx);
    end(true);
    return result;
  } catch (error) {
    end(false, error);
    throw error;
  }
}

/** An abort reason that is not ours (DOMException) becomes op.cancelled; an AbortSignal.timeout becomes op.timeout. */
function settle(error: unknown, signal: AbortSignal): LabError {
  if (isLabError(error)) return error;
  if (error instanceof Error && error.name === 'TimeoutError')
    return new LabError('op.timeout', error.message, { cause: error });
  if (signal.aborted || (error instanceof Error && error.name === 'AbortError'))
    return new LabError('op.cancelled', 'cancelled', { cause: error });
  return asLabError(error);
}

/**
 * Runs acts side by side, `limit` at a time; when one fails the others are cancelled, and the failure is thrown after all
 * have ended. (Promise.all would leave the others running unseen.)
 */
export async function runTogether<const T extends readonly ((ctx: OpContext) => Promise<unknown>)[]>(
  ctx: OpContext,
  acts: T,
  limit: number = acts.length,
): Promise<{ -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
  const others = new AbortController();
  const inner: OpContext = { ...ctx, signal: AbortSignal.any([ctx.signal, others.signal]) };
  const results: unknown[] = [];
  let failure: { error: unknown } | undefined;
  await eachLimited(acts.entries(), limit, async ([index, act]) => {
    if (failure) return;
    try {
      results[index] = await act(inner);
    } catch (error) {
      failure ??= { error };
      others.abort();
    }
  });
  if (failure) throw failure.error;
  return results as { -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> };
}
