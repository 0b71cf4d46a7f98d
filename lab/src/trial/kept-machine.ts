// A named machine that outlives whoever started it, with everything in it that trials have: agent, service, modules.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../core/error.ts';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { ensureGuestCompiler, prepareToBoot, resolveBootTarget } from '../kernel/boot-target.ts';
import { chooseAccelerator } from '../vm/accelerator.ts';
import { defaultTargetName } from '../kernel/target.ts';
import { checkForwards, type Forward } from '../vm/qemu/forwards.ts';
import { findProfile, prepareProfile } from '../vm/image/guest-profile.ts';
import { instanceFiles } from '../vm/instance/instance-files.ts';
import type { InstanceConfig } from '../vm/instance/instance-record.ts';
import { inspectInstance, type InstanceState } from '../vm/instance-state.ts';
import type { RunningMachine } from '../vm/machine.ts';
import type { Network } from '../vm/qemu/qemu-argv.ts';
import { startMachine } from '../vm/start-machine.ts';
import { ensureGuestProgram } from '../workload/guest-program.ts';

export type KeptMachineRequest = {
  name: string;
  /** What is left out is as it was when a machine of that name last ran, or a default. */
  target?: string;
  /** Guest profile; default `tiny`. */
  profile?: string;
  memoryMiB?: number;
  cpus?: number;
  forwards?: readonly Forward[];
  /** Default `closed`: the guest reaches nothing outside. */
  network?: Network;
  /** Default `snapshot`; a machine that goes on with its root disk boots in any case. */
  start?: 'snapshot' | 'cold';
  /** On a new root disk, though there is one of its last run. */
  fresh?: boolean;
};

/** Starts it. Throws `usage.invalid` for a bad name before anything else, `vm.running`, or as booting does. */
export async function startKeptMachine(
  ctx: OpContext,
  site: Site,
  request: KeptMachineRequest,
): Promise<RunningMachine> {
  const before = await inspectInstance(instanceFiles(site.paths, request.name), ctx.signal);
  if (before?.run)
    throw new LabError('vm.running', `machine ${request.name} runs already`, {
      hint: `\`lpl vm down ${request.name}\` first`,
    });
  const wanted = { target: defaultTargetName, profile: 'tiny', ...shapeOf(before?.config), ...request };
  await checkForwards(wanted.forwards ?? []);
  const recipe = await findProfile(site, wanted.profile);
  const target = await resolveBootTarget(ctx, site, wanted.target);
  const [{ bootable: kernel, labRoot }, toolroot] = await runTogether(ctx, [
    (inner) => prepareToBoot(inner, site.rooms, target),
    (inner) => ensureGuestCompiler(inner, site.rooms, target),
  ]);
  const agent = await runStage(ctx, { id: 'agent', title: 'guest agent' }, (stage) =>
    ensureGuestProgram(stage, site.rooms.programs, toolroot, join(site.resources.guest, 'agent.c')),
  );
  const profile = await prepareProfile({ site, labRoot, profile: recipe }, ctx);
  const where = { paths: site.paths, labRoot, recipes: site.resources.guest, kernel };
  const { accelerator } = await chooseAccelerator(where, ctx);
  const kept = { lifetime: 'kept', start: wanted.start ?? 'snapshot' } as const;
  const { name, cpus, memoryMiB, forwards, network } = wanted;
  const keptDisk = request.fresh ? undefined : await diskOf(before, wanted.profile);
  const shape = {
    name,
    profile,
    ...(cpus ? { cpus } : {}),
    ...(memoryMiB ? { memoryMiB } : {}),
    ...(forwards ? { forwards } : {}),
    ...(network ? { network } : {}),
    ...(keptDisk ? { keptDisk } : {}),
  };
  return startMachine({ ...where, ...shape, ...kept, accelerator, agent: await readFile(agent) }, ctx);
}

/** Backing file of the root disk of its last run; undefined when it had none, or had one of another profile. */
async function diskOf(before: InstanceState | undefined, profile: string): Promise<string | undefined> {
  const backing = before?.config?.boot.rootDisk;
  if (!before || !backing || before.config?.profile !== profile) return undefined;
  const isThere = (path: string) => stat(path).then(Boolean, () => false);
  if (!(await isThere(before.files.rootDisk))) return undefined;
  if (await isThere(backing)) return backing;
  throw new LabError('state.corrupt', `the root disk of ${before.files.name} lacks what it builds on: ${backing}`, {
    hint: `\`lpl vm up ${before.files.name} --fresh\` begins on a new one`,
  });
}

/** What a machine that ran before was. */
function shapeOf(config: InstanceConfig | undefined): Omit<KeptMachineRequest, 'name'> {
  if (!config) return {};
  const { target, profile, memoryMiB, cpus, forwards, network } = config;
  return { target, profile, memoryMiB, cpus, forwards, network };
}
