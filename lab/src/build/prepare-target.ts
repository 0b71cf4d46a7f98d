// A target made ready to boot and to build for, from nothing. Whoever only boots waits only for the image; the survey boot,
// which reads the running kernel's symbols, goes on beside the compiler and the source.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureArtefact } from '../core/artefact.ts';
import { memo } from '../core/memo.ts';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { type BootTarget, ensureGuestCompiler, prepareToBoot, resolveBootTarget } from '../kernel/boot-target.ts';
import { checkBuildable, openBuildableTree } from '../kernel/buildable-tree.ts';
import { keepKernel } from '../kernel/find-kernel.ts';
import { prepareBuildTree } from '../kernel/prepare-kernel.ts';
import type { BootableKernel, KernelBuildTree, KernelFacts, TargetKernel } from '../kernel/target.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';
import { surveyKernel } from '../vm/survey.ts';

export type PreparedTarget = { kernel: TargetKernel; labRoot: string };

/** The parts of a target, each made once, when it is first asked for. */
export type TargetParts = {
  toBoot: () => Promise<{ bootable: BootableKernel; labRoot: string }>;
  /** Compiles programs that run in its guests. */
  toolroot: () => Promise<Toolroot>;
  whole: () => Promise<PreparedTarget>;
  /** Of the kernel image that it boots. */
  kernelSha256: () => Promise<string>;
};

/** Nothing is made yet. Its promises reject as fetching, building and booting do; what was made stays in the cache. */
export function targetParts(ctx: OpContext, site: Site, target: BootTarget): TargetParts {
  const toBoot = memo(() => prepareToBoot(ctx, site.rooms, target));
  const toolroot = memo(() => ensureGuestCompiler(ctx, site.rooms, target));
  const buildTree = (inner: OpContext): Promise<KernelBuildTree> =>
    target.kind === 'stock'
      ? prepareBuildTree(inner, site.rooms, target.kernel, toolroot)
      : openBuildableTree(inner, site.rooms, target.tree, toolroot);
  const whole = memo(async () => {
    if (target.kind === 'tree') await checkBuildable(ctx, site.rooms, target.tree);
    const [{ bootable, labRoot, facts }, tree] = await runTogether(ctx, [
      async (inner) => {
        const ready = await toBoot();
        return { ...ready, facts: await ensureFacts(inner, site, ready.bootable, ready.labRoot) };
      },
      buildTree,
    ]);
    if (target.kind === 'stock') await keepKernel(site.rooms.kernels, target.kernel);
    return { kernel: { ...bootable, ...tree, facts }, labRoot };
  });
  const kernelSha256 = memo(async () => {
    const { bootable } = await toBoot();
    return createHash('sha256')
      .update(await readFile(bootable.vmlinuz))
      .digest('hex');
  });
  return { toBoot, toolroot, whole, kernelSha256 };
}

/**
 * Finds the target of that name and prepares everything; quick when it was done before. Throws as resolveBootTarget and
 * booting do, `packages.unavailable`, `kernel.unsupported`.
 */
export async function prepareTarget(ctx: OpContext, site: Site, name: string): Promise<PreparedTarget> {
  const target = await resolveBootTarget(ctx, site, name);
  return runStage(ctx, { id: 'prepare', title: `prepare ${target.release}` }, (stage) =>
    targetParts(stage, site, target).whole(),
  );
}

async function ensureFacts(ctx: OpContext, site: Site, kernel: BootableKernel, labRoot: string): Promise<KernelFacts> {
  const directory = await runStage(ctx, { id: 'facts', title: `symbols of the running ${kernel.release}` }, (stage) => {
    const request = { room: site.rooms.facts, label: kernel.release, inputs: { vmlinuz: kernel.vmlinuz, format: 1 } };
    return ensureArtefact(stage, request, async (temporary) => {
      await surveyKernel(
        { paths: site.paths, labRoot, recipes: site.resources.guest, kernel, directory: temporary },
        stage,
      );
    });
  });
  return { kallsyms: join(directory, 'kallsyms'), patchableFunctions: join(directory, 'patchable-functions') };
}
