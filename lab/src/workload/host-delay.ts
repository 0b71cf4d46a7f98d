// How long the host kept QEMU's threads waiting for a CPU: stalls of a guest that are the host's fault are told apart by it.

import { longestDelayMs, openRunDelays } from '../core/run-delays.ts';
import type { HeldMs } from './guest-time.ts';

/** `delayMs`: the longest run-queue wait of any thread of the process between `fromMs` and `atMs`. */
export type HostDelaySample = { fromMs?: number; atMs: number; delayMs: number };

const intervalMs = 50;

/** Samples the run-queue waits of the process until stopped. */
export function watchHostDelay(
  pid: number,
  clock: () => number,
): { samples: readonly HostDelaySample[]; /** All of it until now. */ heldMs: HeldMs; stop(): void } {
  const samples: HostDelaySample[] = [];
  const delays = openRunDelays(pid);
  let last = delays.read();
  let fromMs = clock();
  let totalMs = 0;
  const timer = setInterval(() => {
    const now = delays.read();
    const delayMs = longestDelayMs(last, now);
    last = now;
    const atMs = clock();
    totalMs += delayMs;
    if (delayMs >= 1) samples.push({ fromMs, atMs, delayMs });
    fromMs = atMs;
  }, intervalMs);
  const stop = () => {
    clearInterval(timer);
    delays.close();
  };
  return { samples, heldMs: () => totalMs, stop };
}
