// How long the host kept a process's threads waiting for a CPU (Documentation/scheduler/sched-stats.rst: the second field of
// schedstat, nanoseconds).

import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds each thread has waited, by thread id; empty when the process is gone. */
export function readRunDelays(pid: number): Map<string, number> {
  const delays = new Map<string, number>();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`))
      delays.set(thread, Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[1]));
  } catch {
    // A thread or the whole process ended while we looked; what was read still counts.
  }
  return delays;
}

/** The longest that any thread waited between two readings, in milliseconds. */
export function longestDelayMs(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  return Math.max(0, ...[...after].map(([thread, ns]) => ns - (before.get(thread) ?? ns))) / 1e6;
}
