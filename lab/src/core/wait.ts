// Waiting with a name and a deadline. There is no other way to wait in the lab.

import { setTimeout as sleep } from 'node:timers/promises';
import { LabError, type LabErrorCode } from './error.ts';

export type WaitOptions = {
  /** For the message: "ssh on 127.0.0.1:43067". */
  what: string;
  timeoutMs: number;
  intervalMs?: number;
  signal: AbortSignal;
  /** Code of the error thrown at the deadline; default op.timeout. */
  code?: LabErrorCode;
  hint?: string;
};

/**
 * Polls `probe` until it returns something other than undefined. `probe` may throw to end the wait early. It is asked
 * once more after the deadline, so that the answer never hinges on the last sleep.
 */
export async function waitUntil<T>(
  options: WaitOptions,
  probe: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal.throwIfAborted();
    const late = performance.now() >= deadline;
    const value = await probe();
    if (value !== undefined) return value;
    if (late) {
      throw new LabError(options.code ?? 'op.timeout', `${options.what}: nothing after ${options.timeoutMs / 1000} s`, {
        ...(options.hint ? { hint: options.hint } : {}),
      });
    }
    await sleep(options.intervalMs ?? 50, undefined, { signal: options.signal }).catch((error: unknown) => {
      options.signal.throwIfAborted();
      throw error;
    });
  }
}

/** Rejects with the signal's reason when it aborts; otherwise settles as `promise` does, and leaves no listener behind. */
export async function raceSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Settles as `promise` does, or rejects with `op.timeout` naming `what` after `timeoutMs`. */
export async function withDeadline<T>(promise: Promise<T>, what: string, timeoutMs: number): Promise<T> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(timeoutMs, undefined, { signal: timer.signal }).then(() => {
        throw new LabError('op.timeout', `${what}: nothing after ${timeoutMs / 1000} s`);
      }),
    ]);
  } finally {
    timer.abort();
    promise.catch(() => undefined);
  }
}
