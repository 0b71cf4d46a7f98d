// A stack of clean-up acts, run in reverse, each bounded in time, before the operation settles.

import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './error.ts';

/** Registers an act to run when the scope ends, however it ends. */
export type Defer = (what: string, act: () => unknown) => void;

const boundMs = 15_000;

/**
 * Runs `body`, then every deferred act in reverse order. An act that fails or outlasts 15 s does not stop the others;
 * the first such failure is thrown only if `body` itself succeeded.
 */
export async function withCleanup<T>(body: (defer: Defer) => Promise<T>): Promise<T> {
  const acts: { what: string; act: () => unknown }[] = [];
  let failure: { error: unknown } | undefined;
  const unwind = async () => {
    for (const { what, act } of acts.reverse()) {
      const timer = new AbortController();
      try {
        await Promise.race([
          Promise.resolve(act()),
          sleep(boundMs, undefined, { signal: timer.signal, ref: false }).then(() => {
            throw new LabError('op.timeout', `clean-up did not end in ${boundMs / 1000} s: ${what}`);
          }),
        ]);
      } catch (error) {
        failure ??= { error };
      } finally {
        timer.abort();
      }
    }
  };
  let result: T;
  try {
    result = await body((what, act) => void acts.push({ what, act }));
  } catch (error) {
    await unwind();
    throw error;
  }
  await unwind();
  if (failure) throw failure.error;
  return result;
}
