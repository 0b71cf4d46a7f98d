// Who works in the fleet, and what they can run: a note of each worker that fades unless it is written again.

import { availableParallelism, hostname, totalmem } from 'node:os';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Needs } from './cell-job.ts';

const workerSchema = z.object({
  id: z.string(),
  host: z.string(),
  arch: z.string(),
  kvm: z.boolean(),
  cpus: z.number(),
  memoryMiB: z.number(),
  /** Cells at once. */
  jobs: z.number(),
  /** Of those, how many it ran when it wrote this. */
  running: z.number(),
});
export type WorkerNote = z.output<typeof workerSchema>;

const prefix = 'lpl:worker:';
const fadesAfterSeconds = 15;
const writtenEveryMs = 5000;

/** What a machine can run. */
export type Abilities = Omit<WorkerNote, 'running'>;

export const describeWorker = (jobs: number, kvm: boolean): Abilities => ({
  id: `${hostname()}-${process.pid}`,
  host: hostname(),
  arch: process.arch,
  kvm,
  cpus: availableParallelism(),
  memoryMiB: Math.floor(totalmem() / 2 ** 20),
  jobs,
});

/** Writes the note until the returned act is called, which takes it away. */
export async function announce(
  redis: Redis,
  abilities: Abilities,
  running: () => number,
): Promise<() => Promise<void>> {
  const key = prefix + abilities.id;
  const write = () => {
    const note: WorkerNote = { ...abilities, running: running() };
    return redis.set(key, JSON.stringify(note), 'EX', fadesAfterSeconds);
  };
  await write();
  const timer = setInterval(() => void write().catch(() => undefined), writtenEveryMs);
  return async () => {
    clearInterval(timer);
    await redis.del(key);
  };
}

/** The workers that are there now; one that died without a farewell for a quarter of a minute more. */
export async function listWorkers(redis: Redis): Promise<WorkerNote[]> {
  const keys: string[] = [];
  for await (const some of redis.scanStream({ match: `${prefix}*` })) keys.push(...(some as string[]));
  const notes = keys.length > 0 ? await redis.mget(keys) : [];
  // A note in the format of another lpl is nobody we could send to.
  const read = notes.map((text) => workerSchema.safeParse(JSON.parse(text ?? 'null')));
  return read.flatMap(({ data }) => data ?? []).sort((a, b) => a.id.localeCompare(b.id));
}

/** Whether a machine of that kind can run it at all. */
export const canRun = (
  { arch, kvm, memoryMiB }: Pick<WorkerNote, 'arch' | 'kvm' | 'memoryMiB'>,
  needs: Needs,
): boolean => arch === needs.arch && (kvm || !needs.kvm) && memoryMiB >= needs.memoryMiB;
