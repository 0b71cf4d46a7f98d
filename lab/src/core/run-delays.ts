// How long the host kept a process's threads waiting for a CPU (Documentation/scheduler/sched-stats.rst: the second field of
// schedstat, nanoseconds), and how long a host that is a guest itself had its CPUs taken away (proc_stat(5), steal).

import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds each thread has waited, by thread id, and each CPU was away, by its name. */
export function readRunDelays(pid: number): Map<string, number> {
  const delays = readStolen();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`))
      delays.set(thread, Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[1]));
  } catch {
    // A thread or the whole process ended while we looked; what was read still counts.
  }
  return delays;
}

/** USER_HZ is 100 on every architecture of the lab. */
const tickNs = 1e7;

function readStolen(): Map<string, number> {
  const cpus = readFileSync('/proc/stat', 'latin1').matchAll(/^(cpu\d+)(?: \d+){7} (\d+)/gm);
  return new Map([...cpus].map(([, cpu = '', ticks]) => [cpu, Number(ticks) * tickNs]));
}

/** The longest that any thread waited, or any CPU was away, between two readings, in milliseconds. */
export function longestDelayMs(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  return Math.max(0, ...[...after].map(([thread, ns]) => ns - (before.get(thread) ?? ns))) / 1e6;
}
