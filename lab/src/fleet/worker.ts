// A worker of the fleet: takes cells from the queue, runs them on this machine, and sends back all that they left.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { DelayedError, type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { asLabError, LabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import { withDeadline } from '../core/wait.ts';
import { type CellOutcome, inconclusive } from '../trial/matrix/cell-result.ts';
import type { Cell } from '../trial/matrix/matrix-file.ts';
import type { CellRunner } from '../trial/matrix/run-matrix.ts';
import { parseScenario } from '../trial/scenario.ts';
import { announce, canRun, describeWorker } from './announce.ts';
import { getBlob, putBlob } from './blobs.ts';
import { cancelKey, type CellJob, type JobResult, jobSchema, queueName } from './cell-job.ts';
import { packDirectory } from './pack.ts';
import { connectRedis, type RedisAddress } from './redis.ts';

export type WorkerRequest = {
  redis: RedisAddress;
  /** Cells at once. */
  jobs: number;
  kvm: boolean;
  /** Where cells are run; emptied after each. */
  room: string;
  /** Makes what runs the cells of one run; `modules` is for its livepatch modules. */
  openRunner: (modules: string, ctx: OpContext) => CellRunner;
  /** How long nothing is heard of a worker before its cells go to others; default 30 s. */
  silenceMs?: number;
};

/** Workers that die of a cell before it is given up, beside the first. */
const furtherDeaths = 2;
const againMs = 2000;
const lookEveryMs = 1000;
const farewellMs = 10_000;

/** Works until it is cancelled; then hands back what it has not finished. Throws `fleet.unreachable`. */
export async function runWorker(request: WorkerRequest, ctx: OpContext): Promise<{ worker: string; cells: number }> {
  const { redis: address, jobs, kvm, room, openRunner, silenceMs = 30_000 } = request;
  const redis = await connectRedis(address);
  const note = describeWorker(jobs, kvm);
  await mkdir(room, { recursive: true, mode: 0o700 });
  let cells = 0;
  /** By job. */
  const running = new Set<string>();
  let current: { run: string; runner: CellRunner } | undefined;
  const runnerOf = (run: string): CellRunner => {
    // Of another run the kernels may mean newer ones by now.
    if (current?.run !== run) current = { run, runner: openRunner(join(room, 'modules', run), ctx) };
    return current.runner;
  };
  const work = async (
    job: Job<CellJob>,
    token: string | undefined,
    lost: AbortSignal | undefined,
  ): Promise<JobResult> => {
    const { data } = jobSchema.safeParse(job.data);
    const jobId = job.id ?? '';
    // Of a job that was lost and came back the first run is still about to end.
    if (!data || !canRun(note, data.needs) || running.has(jobId)) return handBack(job, token);
    running.add(jobId);
    const directory = await mkdtemp(join(room, 'cell-'));
    try {
      const signal = lost ? AbortSignal.any([ctx.signal, lost]) : ctx.signal;
      const outcome = await runJob({ job, data, redis, directory, runner: runnerOf(data.run) }, { ...ctx, signal });
      if (ctx.signal.aborted) return await handBack(job, token);
      if (!outcome) return {};
      cells += 1;
      const archive = await putBlob(redis, await packDirectory(join(directory, 'trial')));
      return { answer: { outcome, archive, worker: note.id } };
    } finally {
      running.delete(jobId);
      await rm(directory, { recursive: true, force: true });
    }
  };
  const connection = redis.duplicate();
  const worker = new Worker<CellJob, JobResult>(queueName, work, {
    connection,
    concurrency: jobs,
    lockDuration: silenceMs,
    stalledInterval: Math.ceil(silenceMs / 3),
    maxStalledCount: furtherDeaths,
  });
  worker.on('error', (error) => ctx.emit({ type: 'line', from: 'lab', text: `Redis: ${error.message}` }));
  // Out of reach for too long: its jobs are others' by now, and what it would say of them is not taken.
  worker.on('lockRenewalFailed', (jobs) =>
    jobs.forEach((id) => worker.cancelJob(id, 'it was given to another worker')),
  );
  const leave = await announce(redis, note, () => running.size);
  ctx.emit({ type: 'line', from: 'lab', text: `${note.id} works, ${jobs} at once` });
  await new Promise<void>((stop) => ctx.signal.addEventListener('abort', () => stop(), { once: true }));
  // A Redis that is away must not keep us: others find out by our silence.
  await withDeadline(
    leave().then(() => worker.close()),
    'the farewell to Redis',
    farewellMs,
  ).catch(() => undefined);
  for (const open of [connection, redis]) open.disconnect();
  return { worker: note.id, cells };
}

async function handBack(job: Job, token: string | undefined): Promise<never> {
  await job.moveToDelayed(Date.now() + againMs, token);
  throw new DelayedError();
}

type RunningJob = { job: Job; data: CellJob; redis: Redis; directory: string; runner: CellRunner };

/** What the runner throws makes the cell inconclusive. Undefined when it was given up. */
async function runJob(
  { job, data, redis, directory, runner }: RunningJob,
  outer: OpContext,
): Promise<CellOutcome | undefined> {
  const given = new AbortController();
  const look = setInterval(() => {
    const abort = (found: number) => found > 0 && given.abort(new LabError('op.cancelled', 'cancelled from afar'));
    redis.exists(cancelKey(job.id ?? '')).then(abort, () => undefined);
  }, lookEveryMs);
  const say = (text: string) => void job.updateProgress(text).catch(() => undefined);
  const ctx: OpContext = {
    signal: AbortSignal.any([outer.signal, given.signal]),
    stage: '',
    emit: (event) => event.type === 'stage.start' && say(event.title),
  };
  const trial = join(directory, 'trial');
  await mkdir(trial);
  try {
    return await runner.run(await unpackCell(data, redis, join(directory, 'files')), trial, ctx);
  } catch (error) {
    if (ctx.signal.aborted) return undefined;
    const { message, hint } = asLabError(error);
    return inconclusive(hint ? `${message}: ${hint}` : message);
  } finally {
    clearInterval(look);
  }
}

/** Writes the cell's files as they lay beside the matrix. */
async function unpackCell({ cell, files }: CellJob, redis: Redis, directory: string): Promise<Cell> {
  for (const { path, sha256 } of files) {
    const full = resolve(directory, path);
    if (!full.startsWith(directory + sep)) throw new LabError('matrix.invalid', `${path} leads out of the matrix`);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, await getBlob(redis, sha256, path));
  }
  const scenario = parseScenario(cell.text, join(directory, 'cell.yaml'));
  return { ...cell, scenario, expected: { verdict: 'pass' } };
}
