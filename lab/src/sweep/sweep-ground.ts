// Binds a sweep to one stock kernel: what it is built with, and the guests it is proven in.

import { readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { prepareTarget } from '../build/prepare-target.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { readConfiguredObjects } from '../kernel/configured-objects.ts';
import { chooseAccelerator } from '../vm/accelerator.ts';
import { startMachine } from '../vm/start-machine.ts';
import { ensureGuestProgram } from '../workload/guest-program.ts';
import type { BuildGround } from './build-item.ts';
import type { BatchGround } from './prove-batch.ts';

export type SweepGround = {
  /** Full name and release of the kernel. */
  target: string;
  release: string;
  /** Names everything that a build for it depends on. */
  identity: string;
  /** Whether its configuration builds that C file. */
  isBuilt: (path: string) => boolean;
  build: BuildGround;
  guest: BatchGround;
};

/** Throws as prepareTarget does. */
export async function openSweepGround(ctx: OpContext, site: Site, name: string): Promise<SweepGround> {
  const { kernel, labRoot } = await prepareTarget(ctx, site, name);
  const { release, artefact, source, buildTree, toolroot } = kernel;
  const where = { paths: site.paths, labRoot, recipes: site.resources.guest, kernel };
  const configured = await readConfiguredObjects(kernel.objects);
  const boot: BatchGround['boot'] = async (inner) => {
    const agent = await runStage(inner, { id: 'agent', title: 'guest agent' }, (stage) =>
      ensureGuestProgram(stage, site.rooms.programs, toolroot, join(site.resources.guest, 'agent.c')),
    );
    const { accelerator } = await chooseAccelerator(where, inner);
    return startMachine(
      {
        ...where,
        accelerator,
        name: `sweep-${randomBytes(3).toString('hex')}`,
        lifetime: 'throw-away',
        start: 'snapshot',
        agent: await readFile(agent),
        // With one CPU nobody else runs while a patch is enabled: a transition takes milliseconds, not a second.
        cpus: 1,
      },
      inner,
    );
  };
  return {
    target: kernel.name,
    release,
    identity: [artefact, ...[source, buildTree, toolroot.path].map((path) => basename(path))].join(' '),
    isBuilt: (path) => configured.objects.has(path) || configured.included.has(path),
    build: { kernel, kpatch: labRoot, labRoot: { path: labRoot, compiler: '' }, cache: site.rooms.builds },
    guest: { boot },
  };
}
