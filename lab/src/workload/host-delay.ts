// How long the host kept QEMU's threads waiting for a CPU: stalls of a guest that are the host's fault are told apart by it.

import { longestDelayMs, readRunDelays } from '../core/run-delays.ts';

/** `delayMs`: the longest run-queue wait of any thread of the process since the sample before. */
export type HostDelaySample = { atMs: number; delayMs: number };

const intervalMs = 50;

/** Samples the run-queue waits of the process until stopped. */
export function watchHostDelay(
  pid: number,
  clock: () => number,
): { samples: readonly HostDelaySample[]; stop(): void } {
  const samples: HostDelaySample[] = [];
  let last = readRunDelays(pid);
  const timer = setInterval(() => {
    const now = readRunDelays(pid);
    const delayMs = longestDelayMs(last, now);
    last = now;
    if (delayMs >= 1) samples.push({ atMs: clock(), delayMs });
  }, intervalMs);
  return { samples, stop: () => clearInterval(timer) };
}
