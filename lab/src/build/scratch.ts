// Scratch directories of builds: each names the process that works in it, so that what a killed one left can be told from
// what a living one uses.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withCleanup } from '../core/cleanup.ts';
import { identifyProcess, isAlive } from '../core/host-process.ts';

/** Runs `body` with a new directory `work-PID-STARTTICKS-xxxxxx` in `room`, which is removed at the end. */
export async function withScratch<T>(room: string, body: (scratch: string) => Promise<T>): Promise<T> {
  const startTicks = identifyProcess(process.pid)?.startTicks ?? 0;
  return withCleanup(async (defer) => {
    const scratch = await mkdtemp(join(room, `work-${process.pid}-${startTicks}-`));
    defer('remove the scratch directory', () => rm(scratch, { recursive: true, force: true }));
    return body(scratch);
  });
}

/** Removes the scratch directories in `room` whose processes are dead. */
export async function sweepScratch(room: string): Promise<void> {
  const left = (await readdir(room)).filter((name) => name.startsWith('work-') && !isInUse(name));
  await Promise.all(left.map((name) => rm(join(room, name), { recursive: true, force: true })));
}

function isInUse(name: string): boolean {
  const [, pid, startTicks] = /^work-(\d+)-(\d+)-/.exec(name) ?? [];
  return pid !== undefined && isAlive({ pid: Number(pid), startTicks: Number(startTicks) });
}
