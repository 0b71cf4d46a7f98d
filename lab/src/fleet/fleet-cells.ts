// Runs cells on the fleet: each becomes a job under a name of its own, so that sending it twice is sending it once, and is
// followed until it has an answer, whatever happens to workers and Redis meanwhile.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { contentKey } from '../core/artefact.ts';
import { isLabError, LabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import { raceSignal } from '../core/wait.ts';
import { cellKey, readCellFiles } from '../trial/matrix/cell-files.ts';
import { type CellOutcome, inconclusive } from '../trial/matrix/cell-result.ts';
import type { Cell } from '../trial/matrix/matrix-file.ts';
import type { CellRunner } from '../trial/matrix/run-matrix.ts';
import { canRun, listWorkers, type WorkerNote } from './announce.ts';
import { getBlob, putBlob } from './blobs.ts';
import { cancelKey, type CellJob, jobResultSchema, queueName } from './cell-job.ts';
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
const lookForWorkersEveryMs = 1000;
/** How often a cell is sent that Redis forgets, or whose answer it loses. */
const sentAtMost = 3;
const answersKeptSeconds = 24 * 3600;

/** `directory`: of the matrix; names the run, so that it can be taken up. Throws `fleet.unreachable`. */
export async function openFleet(command: FleetCommand, directory: string): Promise<CellRunner> {
  const redis = await connectRedis(command);
  const queue = new Queue<CellJob>(queueName, { connection: redis });
  queue.on('error', () => undefined);
  const run = contentKey(directory);
  const workers = recentWorkers(redis);
  const ask = async (cell: Cell, into: string, ctx: OpContext): Promise<CellOutcome | undefined> => {
    const job = await raceSignal(send({ redis, queue, run, command }, cell), ctx.signal);
    try {
      return await follow({ redis, queue, workers, job, command }, into, ctx);
    } catch (error) {
      // Removed if nobody has begun it; otherwise whoever has sees the key.
      if (ctx.signal.aborted) await giveUp(redis, job);
      throw error;
    }
  };
  return {
    atOnce: 1000,
    run: async (cell, into, ctx) => {
      for (let sent = 0; sent < sentAtMost; sent++) {
        const outcome = await ask(cell, into, ctx);
        if (outcome) return outcome;
      }
      throw new LabError('fleet.lost', `Redis has lost it ${sentAtMost} times`, {
        hint: 'run Redis with appendonly yes and maxmemory-policy noeviction',
      });
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

/** Every cell asks; Redis is asked once a second. */
function recentWorkers(redis: Redis): () => Promise<WorkerNote[]> {
  let recent: { at: number; workers: Promise<WorkerNote[]> } | undefined;
  return () => {
    const now = performance.now();
    if (!recent || now - recent.at > lookForWorkersEveryMs) recent = { at: now, workers: listWorkers(redis) };
    return recent.workers;
  };
}

type Following = {
  redis: Redis;
  queue: Queue<CellJob>;
  workers: () => Promise<WorkerNote[]>;
  job: Job<CellJob>;
  command: FleetCommand;
};

/** Undefined when it has to be sent again. */
async function follow(
  { redis, queue, workers, job, command }: Following,
  into: string,
  ctx: OpContext,
): Promise<CellOutcome | undefined> {
  const jobId = job.id ?? '';
  const { patienceMs = 60_000 } = command;
  let [told, aloneSince] = ['', performance.now()];
  for (;;) {
    // The state first: a job that is read before it ends has no answer yet.
    const state = await raceSignal(queue.getJobState(jobId), ctx.signal);
    const now = await raceSignal(queue.getJob(jobId), ctx.signal);
    if (!now) return undefined;
    if (state === 'completed') return take(redis, now, into);
    if (state === 'failed') {
      await now.remove();
      return inconclusive(`its workers died, one after the other: ${now.failedReason}`);
    }
    const doing = state === 'active' ? progressOf(now) : 'waiting for a worker';
    if (doing !== told) ctx.emit({ type: 'stage.start', stage: 'fleet', title: doing });
    told = doing;
    const there = await raceSignal(workers(), ctx.signal);
    if (there.some((worker) => canRun(worker, job.data.needs))) aloneSince = performance.now();
    if (performance.now() - aloneSince > patienceMs) {
      await giveUp(redis, job);
      const { arch, memoryMiB, kvm } = job.data.needs;
      const wanted = `${arch}, ${memoryMiB} MiB${kvm ? ', KVM' : ''}`;
      return inconclusive(`no worker that could run it (${wanted}) among ${there.length}`);
    }
    await sleep(followEveryMs, undefined, { signal: ctx.signal });
  }
}

const progressOf = ({ progress }: Job): string => (typeof progress === 'string' ? progress : 'begun');

/** What could not be found out leaves the queue, so that it can be asked again; undefined when that must be now. */
async function take(redis: Redis, job: Job<CellJob>, into: string): Promise<CellOutcome | undefined> {
  const { answer } = jobResultSchema.parse(job.returnvalue);
  const archive = answer && (await getBlob(redis, answer.archive, job.name).catch(ifLost));
  if (!archive || answer.outcome.verdict === 'inconclusive') await job.remove();
  if (!archive) return undefined;
  await unpackDirectory(archive, into);
  return { ...answer.outcome, figures: [...answer.outcome.figures, `ran on ${answer.worker}`] };
}

function ifLost(error: unknown): undefined {
  if (!isLabError(error, 'fleet.lost')) throw error;
}

async function giveUp(redis: Redis, job: Job<CellJob>): Promise<void> {
  const jobId = job.id ?? '';
  await redis.set(cancelKey(jobId), '1', 'EX', answersKeptSeconds);
  // Fails while a worker holds it.
  await job.remove().catch(() => undefined);
}
