// What there is on a fleet: who works, what they can run, and how much there is to do.

import { Queue } from 'bullmq';
import { listWorkers, type WorkerNote } from './announce.ts';
import { queueName } from './cell-job.ts';
import { connectRedis, type RedisAddress } from './redis.ts';

export type FleetState = { workers: WorkerNote[]; cells: { waiting: number; running: number } };

/** Throws `fleet.unreachable`. */
export async function showFleet(address: RedisAddress): Promise<FleetState> {
  const redis = await connectRedis(address);
  const queue = new Queue(queueName, { connection: redis });
  queue.on('error', () => undefined);
  try {
    const workers = await listWorkers(redis);
    const waiting = await queue.getJobCountByTypes('waiting', 'prioritized', 'delayed');
    return { workers, cells: { waiting, running: await queue.getActiveCount() } };
  } finally {
    await queue.close();
    redis.disconnect();
  }
}
