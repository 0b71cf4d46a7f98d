// Where a worker keeps what its cells are made of: a directory of its own, which goes when it leaves; those of workers that died go
// when the next one comes.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyProcess, isAlive } from '../core/host-process.ts';

/** `below`: the room of all workers of this lab. */
export async function withWorkerRoom<T>(below: string, body: (room: string) => Promise<T>): Promise<T> {
  const own = identifyProcess(process.pid);
  await mkdir(below, { recursive: true, mode: 0o700 });
  await removeAbandoned(below);
  const room = join(below, `${process.pid}-${own?.startTicks ?? 0}`);
  await mkdir(room, { mode: 0o700 });
  try {
    return await body(room);
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}

async function removeAbandoned(below: string): Promise<void> {
  for (const name of await readdir(below)) {
    const [pid = 0, startTicks = 0] = /^\d+-\d+$/.test(name) ? name.split('-').map(Number) : [];
    if (pid > 0 && !isAlive({ pid, startTicks })) await rm(join(below, name), { recursive: true, force: true });
  }
}
