// How long the host kept a process's threads waiting for a CPU (Documentation/scheduler/sched-stats.rst: the second field of
// schedstat, nanoseconds), and how long a host that is a guest itself had its CPUs taken away (proc_stat(5), steal).

import { closeSync, openSync, readdirSync, readSync } from 'node:fs';

export type RunDelays = {
  /** Nanoseconds each thread has waited, by thread id, and each CPU was away, by its name. */
  read(): Map<string, number>;
  close(): void;
};

/** New threads are looked for this often. */
const listEveryMs = 1_000;

/**
 * Opens the counters of a process; of one that has ended only the CPUs' are left. They stay open from reading to reading: many
 * machines are read many times a second, and opening a file of /proc costs ten times what reading it does.
 */
export function openRunDelays(pid: number): RunDelays {
  const stat = openSync('/proc/stat', 'r');
  let isOpen = true;
  const threads = new Map<string, number>();
  const forget = (thread: string, fd: number) => {
    threads.delete(thread);
    closeSync(fd);
  };
  let listedAt = -Infinity;
  return {
    read: () => {
      if (performance.now() - listedAt >= listEveryMs) {
        openThreads(pid, threads);
        listedAt = performance.now();
      }
      const delays = readStolen(stat);
      for (const [thread, fd] of threads) {
        const delay = readText(fd)?.split(' ')[1];
        if (delay === undefined) forget(thread, fd);
        else delays.set(thread, Number(delay));
      }
      return delays;
    },
    close: () => {
      // Another file may have its number by now.
      if (!isOpen) return;
      isOpen = false;
      for (const [thread, fd] of threads) forget(thread, fd);
      closeSync(stat);
    },
  };
}

/** Opens what is not open yet. */
function openThreads(pid: number, threads: Map<string, number>): void {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`))
      if (!threads.has(thread)) threads.set(thread, openSync(`/proc/${pid}/task/${thread}/schedstat`, 'r'));
  } catch {
    // A thread or the whole process ended while we looked; what was opened still counts.
  }
}

/** Enough for the lines of a thousand CPUs, which come first. */
const buffer = Buffer.alloc(65_536);

/** The file from its beginning; undefined when the thread has ended. */
function readText(fd: number): string | undefined {
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
  } catch {
    return undefined;
  }
}

/** USER_HZ is 100 on every architecture of the lab. */
const tickNs = 1e7;

function readStolen(stat: number): Map<string, number> {
  const cpus = readText(stat)?.matchAll(/^(cpu\d+)(?: \d+){7} (\d+)/gm) ?? [];
  return new Map([...cpus].map(([, cpu = '', ticks]) => [cpu, Number(ticks) * tickNs]));
}

/** The longest that any thread waited, or any CPU was away, between two readings, in milliseconds. */
export function longestDelayMs(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  return Math.max(0, ...[...after].map(([thread, ns]) => ns - (before.get(thread) ?? ns))) / 1e6;
}
