// A named machine that outlives whoever started it, with everything in it that trials have: agent, service, modules.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareToBoot } from '../build/prepare-target.ts';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { ensureToolroot, resolveTarget } from '../kernel/prepare-kernel.ts';
import { chooseAccelerator } from '../vm/accelerator.ts';
import { instanceFiles } from '../vm/instance-files.ts';
import type { RunningMachine } from '../vm/machine.ts';
import { startMachine } from '../vm/start-machine.ts';
import { ensureGuestProgram } from '../workload/guest-program.ts';

export type KeptMachineRequest = { name: string; target: string; memoryMiB?: number; cpus?: number };

/** Starts it. Throws `usage.invalid` for a bad name before anything else, `vm.running`, or as booting does. */
export async function startKeptMachine(
  ctx: OpContext,
  site: Site,
  request: KeptMachineRequest,
): Promise<RunningMachine> {
  instanceFiles(site.paths, request.name);
  const stock = await resolveTarget(ctx, site.rooms, request.target);
  const [{ bootable: kernel, labRoot }, toolroot] = await runTogether(ctx, [
    (inner) => prepareToBoot(inner, site, stock),
    (inner) => ensureToolroot(inner, site.rooms, stock),
  ]);
  const agent = await runStage(ctx, { id: 'agent', title: 'guest agent' }, (stage) =>
    ensureGuestProgram(stage, site.rooms.programs, toolroot, join(site.resources.guest, 'agent.c')),
  );
  const where = { paths: site.paths, labRoot, recipes: site.resources.guest, kernel };
  const { accelerator } = await chooseAccelerator(where, ctx);
  const { target: _target, ...sizes } = request;
  return startMachine(
    { ...where, ...sizes, lifetime: 'kept', start: 'snapshot', accelerator, agent: await readFile(agent) },
    ctx,
  );
}
