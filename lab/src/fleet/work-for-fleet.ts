// A worker that runs cells on the machines of this lab.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { OpContext } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { localCells } from '../trial/matrix/local-cells.ts';
import { knownAccelerator } from '../vm/accelerator.ts';
import { reapInstances } from '../vm/reap-instances.ts';
import type { RedisAddress } from './redis.ts';
import { runWorker } from './worker.ts';
import { withWorkerRoom } from './worker-room.ts';

export type WorkerCommand = {
  redis: RedisAddress;
  /** Cells at once; default: as many as the host has CPUs. */
  jobs?: number;
};

/** Works until it is cancelled. Throws `fleet.unreachable`. */
export async function workForFleet(
  ctx: OpContext,
  site: Site,
  { redis, jobs = availableParallelism() }: WorkerCommand,
): Promise<{ worker: string; cells: number }> {
  await reapInstances(site.paths, ctx.signal);
  const kvm = (await knownAccelerator(site.paths))?.accelerator === 'kvm';
  const openRunner = (modules: string) => localCells({ site, jobs, start: 'snapshot', modules }, ctx);
  return withWorkerRoom(join(site.paths.state, 'fleet'), (room) =>
    runWorker({ redis, jobs, kvm, room, openRunner }, ctx),
  );
}
