// Runs cells on the fleet: each becomes a job under a name of its own, so that sending it twice is sending it once, and is
// followed until it has an answer, whatever happens to workers and Redis meanwhile.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { contentKey } from '../core/artefact.ts';
import { LabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import { raceSignal } from '../core/wait.ts';
import { cellKey, readCellFiles } from '../trial/matrix/cell-files.ts';
import { type CellOutcome, inconclusive } from '../trial/matrix/cell-result.ts';
import type { Cell } from '../trial/matrix/matrix-file.ts';
import type { CellRunner } from '../trial/matrix/run-matrix.ts';
import { canRun, listWorkers } from './announce.ts';
import { getBlob, putBlob } from './blobs.ts';
import { answerSchema, cancelKey, type CellJob, queueName } from './cell-job.ts';
import { unpackDirectory } from './pack.ts';
import { connectRedis, type RedisAddress } from './redis.ts';

export type FleetCommand = RedisAddress & {
  /** 1 goes first; default 50. */
  priority?: number;
  /** Only machines whose KVM works. */
  kvm?: boolean;
  /** How long a cell waits for a worker that could run it before it is given up; default a minute. */
  patienceMs?: number;
};

const followEveryMs = 400;
const answersKeptSeconds = 24 * 3600;

/** `directory`: of the matrix; names the run, so that it can be taken up. Throws `fleet.unreachable`. */
export async function openFleet(command: FleetCommand, directory: string): Promise<CellRunner> {
  const redis = await connectRedis(command);
  const queue = new Queue<CellJob>(queueName, { connection: redis });
  queue.on('error', () => undefined);
  const run = contentKey(directory);
  return {
    atOnce: 1000,
    run: async (cell, into, ctx) => {
      const job = await raceSignal(send({ redis, queue, run, command }, cell), ctx.signal);
      try {
        return await follow({ redis, queue, job, command }, into, ctx);
      } catch (error) {
        // Removed if nobody has begun it; otherwise whoever has sees the key.
        if (ctx.signal.aborted) await giveUp(redis, job);
        throw error;
      }
    },
    close: async () => {
      await queue.close();
      redis.disconnect();
    },
  };
}

type Sending = { redis: Redis; queue: Queue<CellJob>; run: string; command: FleetCommand };

async function send({ redis, queue, run, command }: Sending, cell: Cell): Promise<Job<CellJob>> {
  const found = await readCellFiles(cell);
  for (const { content } of found) await putBlob(redis, content);
  const { id, kernel, patch, workload, target, text, scenario } = cell;
  const job: CellJob = {
    format: 1,
    run,
    cell: { id, kernel, patch, workload, target, text },
    files: found.map(({ path, sha256 }) => ({ path, sha256 })),
    needs: { arch: process.arch, memoryMiB: scenario.memoryMiB, kvm: command.kvm ?? false },
  };
  const jobId = `${run}-${cellKey(cell, found)}`;
  await redis.del(cancelKey(jobId));
  const kept = { age: answersKeptSeconds };
  const options = { jobId, priority: command.priority ?? 50, removeOnComplete: kept, removeOnFail: kept };
  return queue.add(id, job, options);
}

type Following = { redis: Redis; queue: Queue<CellJob>; job: Job<CellJob>; command: FleetCommand };

async function follow({ redis, queue, job, command }: Following, into: string, ctx: OpContext): Promise<CellOutcome> {
  const jobId = job.id ?? '';
  const { patienceMs = 60_000 } = command;
  let [told, aloneSince] = ['', performance.now()];
  for (;;) {
    const now = await raceSignal(queue.getJob(jobId), ctx.signal);
    if (!now) throw new LabError('fleet.lost', 'the queue has lost it', { hint: 'run Redis with appendonly yes' });
    const state = await raceSignal(now.getState(), ctx.signal);
    if (state === 'completed') return take(redis, now, into);
    if (state === 'failed') {
      await now.remove();
      return inconclusive(`its workers died, one after the other: ${now.failedReason}`);
    }
    const doing = state === 'active' ? progressOf(now) : 'waiting for a worker';
    if (doing !== told) ctx.emit({ type: 'stage.start', stage: 'fleet', title: doing });
    told = doing;
    const workers = await raceSignal(listWorkers(redis), ctx.signal);
    if (workers.some((worker) => canRun(worker, job.data.needs))) aloneSince = performance.now();
    if (performance.now() - aloneSince > patienceMs) {
      await giveUp(redis, job);
      const { arch, memoryMiB, kvm } = job.data.needs;
      const wanted = `${arch}, ${memoryMiB} MiB${kvm ? ', KVM' : ''}`;
      return inconclusive(`no worker that could run it (${wanted}) among ${workers.length}`);
    }
    await sleep(followEveryMs, undefined, { signal: ctx.signal });
  }
}

const progressOf = ({ progress }: Job): string => (typeof progress === 'string' ? progress : 'begun');

/** What could not be found out leaves the queue, so that it can be asked again. */
async function take(redis: Redis, job: Job<CellJob>, into: string): Promise<CellOutcome> {
  const { outcome, archive, worker } = answerSchema.parse(job.returnvalue);
  try {
    await unpackDirectory(await getBlob(redis, archive, `the result of ${job.name}`), into);
  } catch (error) {
    await job.remove();
    throw error;
  }
  if (outcome.verdict === 'inconclusive') await job.remove();
  return { ...outcome, figures: [...outcome.figures, `ran on ${worker}`] };
}

async function giveUp(redis: Redis, job: Job<CellJob>): Promise<void> {
  const jobId = job.id ?? '';
  await redis.set(cancelKey(jobId), '1', 'EX', answersKeptSeconds);
  // Fails while a worker holds it.
  await job.remove().catch(() => undefined);
}
