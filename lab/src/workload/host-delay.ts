// How long the host kept QEMU's threads waiting for a CPU: stalls of a guest that are the host's fault are told apart by it.

import { readdirSync, readFileSync } from 'node:fs';

/** `delayMs`: the longest run-queue wait of any thread of the process since the sample before. */
export type HostDelaySample = { atMs: number; delayMs: number };

const intervalMs = 50;

/** Samples /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats.rst: second field, ns) until stopped. */
export function watchHostDelay(
  pid: number,
  clock: () => number,
): { samples: readonly HostDelaySample[]; stop(): void } {
  const samples: HostDelaySample[] = [];
  let last = readRunDelays(pid);
  const timer = setInterval(() => {
    const now = readRunDelays(pid);
    const delays = [...now].map(([thread, ns]) => ns - (last.get(thread) ?? ns));
    last = now;
    const delayMs = Math.max(0, ...delays) / 1e6;
    if (delayMs >= 1) samples.push({ atMs: clock(), delayMs });
  }, intervalMs);
  return { samples, stop: () => clearInterval(timer) };
}

/** Nanoseconds each thread has waited, by thread id; empty when the process is gone. */
function readRunDelays(pid: number): Map<string, number> {
  const delays = new Map<string, number>();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`))
      delays.set(thread, Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[1]));
  } catch {
    // A thread or the whole process ended while we looked; what was read still counts.
  }
  return delays;
}
