// The machines that run on this host for this user, in whichever lab: told by their QEMUs' command lines.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { processArgv } from '../../core/host-process.ts';
import type { Host, LiveGuest } from './admission.ts';
import { processName } from '../qemu/qemu-argv.ts';

/** Sorted by name. */
export function liveGuests(): LiveGuest[] {
  return ownPids()
    .flatMap((pid) => readGuest(processArgv(pid), () => residentMiB(pid)))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** All processes of this user. */
export function ownPids(): number[] {
  const pids = readdirSync('/proc').map(Number);
  return pids.filter((pid) => pid > 0 && isOurs(pid));
}

/** What the host has; MemAvailable counts what can be reclaimed (proc(5)). */
export async function readHost(): Promise<Host> {
  const kB = Number(/^MemAvailable:\s+(\d+) kB/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1] ?? 0);
  return { cpus: availableParallelism(), availableMiB: Math.floor(kB / 1024) };
}

/** The guest of a QEMU's command line; none when it is another program's. */
export function readGuest(argv: readonly string[], resident: () => number): LiveGuest[] {
  const after = (option: string) => argv[argv.indexOf(option) + 1];
  const prefix = `guest=${processName('')}`;
  const name = argv
    .find((word) => word.startsWith(prefix))
    ?.slice(prefix.length)
    .split(',')[0];
  const size = argv.map((word) => /^memory-backend-\w+,id=ram,size=(\d+)M/.exec(word)?.[1]).find(Boolean);
  if (!name || !size) return [];
  const cpus = parseInt(after('-smp') ?? '1', 10);
  return [{ name, cpus, memoryMiB: Number(size), residentMiB: resident() }];
}

function isOurs(pid: number): boolean {
  try {
    return statSync(`/proc/${pid}`).uid === process.getuid?.();
  } catch {
    return false;
  }
}

/** Second field of statm, in pages of 4 KiB. */
function residentMiB(pid: number): number {
  try {
    return Math.floor(Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) / 256);
  } catch {
    return 0;
  }
}
