// Who is alive on the host, told by pid and start time together: pids are reused, and a zombie is dead (proc(5)).

import { readFileSync } from 'node:fs';

/** `startTicks`: field 22 of /proc/PID/stat, clock ticks since boot. */
export type ProcessIdentity = { pid: number; startTicks: number };

/** Identity of a live process; undefined when there is none or it is a zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, startTicks: Number(fields[19]) };
}

/** True while that very process lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTicks === identity.startTicks;
}

/** USER_HZ: what the kernel counts ticks of /proc in, on x86 whatever its own rate is (proc(5), sysconf(_SC_CLK_TCK)). */
const ticksPerSecond = 100;

/** Milliseconds since that process began; by the host's uptime, so that setting the clock changes nothing. */
export function processAgeMs({ startTicks }: ProcessIdentity): number {
  const upSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  return Math.max(0, Math.round(upSeconds * 1000 - (startTicks * 1000) / ticksPerSecond));
}

/** Command line of a live process, one word an entry; empty when it is gone. */
export function processArgv(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
