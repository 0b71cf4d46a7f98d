// The stock kernel and the lab root that real-VM tests use, from the user's own cache, made on first use.

import { readFile } from 'node:fs/promises';
import { runStage } from '../../lab/src/core/operation.ts';
import { ensureGuestProgram } from '../../lab/src/workload/guest-program.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { memo } from '../../lab/src/core/memo.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import {
  ensureBootable,
  ensureLabRoot,
  ensureToolroot,
  prepareBuildTree,
  resolveTarget,
} from '../../lab/src/kernel/prepare-kernel.ts';
import { operate } from './operation.ts';

export const testTarget = 'debian:trixie/cloud-amd64';

const rooms = cacheRooms(labPaths());

/** Root with QEMU, busybox and dropbear. */
export const testLabRoot = memo(() => operate((ctx) => ensureLabRoot(ctx, rooms)));

/** Image and modules. */
export const testKernel = memo(() =>
  operate(async (ctx) => ensureBootable(ctx, rooms, await resolveTarget(ctx, rooms, testTarget))),
);

/** Source, build tree and compiler of a target. */
export const buildTreeOf = (target: string) =>
  operate(async (ctx) => {
    const kernel = await resolveTarget(ctx, rooms, target);
    return prepareBuildTree(ctx, rooms, kernel, () => ensureToolroot(ctx, rooms, kernel));
  });

export const testBuildTree = memo(() => buildTreeOf(testTarget));

/** The guest agent, compiled. */
export const testAgent = memo(() =>
  operate(async (ctx) => {
    const toolroot = await ensureToolroot(ctx, rooms, await resolveTarget(ctx, rooms, testTarget));
    const source = new URL('../../images/guest/agent.c', import.meta.url).pathname;
    const binary = await runStage(ctx, { id: 'agent', title: 'agent' }, (stage) =>
      ensureGuestProgram(stage, rooms.programs, toolroot, source),
    );
    return readFile(binary);
  }),
);
