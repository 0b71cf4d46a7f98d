// Binds a trial to one kernel: what must be prepared is prepared once, when it is first needed, side by side.

import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildLivepatch } from '../build/build-livepatch.ts';
import { ensurePlainModule } from '../build/link/plain-module.ts';
import type { TargetParts } from '../build/prepare-target.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { version } from '../core/version.ts';
import type { BootTarget } from '../kernel/boot-target.ts';
import { chooseAccelerator } from '../vm/accelerator.ts';
import { findProfile, prepareProfile } from '../vm/image/guest-profile.ts';
import type { GuestFile } from '../vm/image/parcel.ts';
import { startMachine } from '../vm/start-machine.ts';
import { ensureGuestProgram } from '../workload/guest-program.ts';
import { workloadProgram } from '../workload/run-workload.ts';
import { reproducerFiles } from './reproduce.ts';
import type { Scenario } from './scenario.ts';
import { makeSelftests } from './selftests/make-selftests.ts';
import type { TrialGround } from './trial.ts';
import { openTurns, type Turns } from './turns.ts';

export type GroundRequest = {
  site: Site;
  target: BootTarget;
  machineName: string;
  /** Of that kernel; may be shared by many trials. */
  parts: TargetParts;
  /** How its machines begin. */
  start: 'snapshot' | 'cold';
  /** As TrialGround has it; default false. */
  keep?: boolean;
  /** Shared by all trials that are run side by side; default: it is the only one. */
  turns?: Turns;
  /** Others are run beside it. */
  besideOthers?: boolean;
};

export function trialGround({
  site,
  target,
  machineName,
  parts,
  start,
  keep = false,
  turns,
  besideOthers,
}: GroundRequest): TrialGround {
  const { toBoot, toolroot, whole } = parts;
  return {
    target: target.name,
    release: target.release,
    compiler: target.compiler,
    tool: `lpl ${version}`,
    keep,
    turns: turns ?? openTurns(availableParallelism()),
    kprobe: async (inner) => {
      const { kernel } = await whole();
      const sourceFile = join(site.resources.guest, 'lpl_kprobe.c');
      return runStage(inner, { id: 'kprobe-module', title: 'module lpl_kprobe' }, (stage) =>
        ensurePlainModule(stage, { room: site.rooms.programs, kernel, sourceFile }),
      );
    },
    selftests: async (inner) => {
      const { kernel } = await whole();
      return runStage(inner, { id: 'make-selftests', title: 'livepatch selftests of the kernel' }, (stage) =>
        makeSelftests(stage, { room: site.rooms.programs, kernel }),
      );
    },
    kernelSha256: parts.kernelSha256,
    build: async (patch, diff, inner, { out, replace = true } = {}) => {
      const { kernel, labRoot } = await whole();
      const request = {
        patch: diff,
        patchName: `${patch.name}.patch`,
        kernel,
        kpatch: labRoot,
        labRoot: { path: labRoot, compiler: '' },
      };
      return runStage(inner, { id: `build-${patch.name}`, title: `build ${patch.name}` }, (stage) =>
        buildLivepatch({ ...request, cache: site.rooms.builds, replace, ...(out ? { out } : {}) }, stage),
      );
    },
    boot: async (scenario, inner) => {
      const { bootable: kernel, labRoot } = await toBoot();
      const agent = await compileForGuest(inner, site, join(site.resources.guest, 'agent.c'), await toolroot());
      const where = { paths: site.paths, labRoot, recipes: site.resources.guest, kernel };
      const compile = async (source: string) => compileForGuest(inner, site, source, await toolroot());
      const extraFiles = [
        ...(await reproducerFiles(scenario, compile)),
        ...(await workloadFiles(scenario, compile, site.resources.guest)),
      ];
      const { accelerator } = await chooseAccelerator(where, inner);
      const recipe = await findProfile(site, scenario.profile);
      const profile = await prepareProfile({ site, labRoot, profile: recipe }, inner);
      const { cpus, memoryMiB } = scenario;
      const machine = {
        name: machineName,
        lifetime: keep ? 'kept' : 'throw-away',
        accelerator,
        agent: await readFile(agent),
        start,
        profile,
        extraFiles,
        cpus,
        cpusInTurns: besideOthers === true && isQuiet(scenario),
        memoryMiB,
      } as const;
      return startMachine({ ...where, ...machine }, inner);
    },
  };
}

/** Nothing in the guest keeps its CPUs busy for long. */
export const isQuiet = ({ workloads, selftests }: Pick<Scenario, 'workloads' | 'selftests'>): boolean =>
  workloads.length === 0 && !selftests;

async function workloadFiles(
  { workloads }: Scenario,
  compile: (source: string) => Promise<string>,
  recipes: string,
): Promise<GuestFile[]> {
  if (workloads.length === 0) return [];
  const content = await readFile(await compile(join(recipes, 'workload.c')));
  return [{ name: workloadProgram, mode: 0o755, content }];
}

const compileForGuest = (
  ctx: OpContext,
  site: Site,
  sourceFile: string,
  toolroot: Parameters<typeof ensureGuestProgram>[2],
) =>
  runStage(ctx, { id: 'guest-program', title: `guest program ${sourceFile.split('/').at(-1)}` }, (stage) =>
    ensureGuestProgram(stage, site.rooms.programs, toolroot, sourceFile),
  );
