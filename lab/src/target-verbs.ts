// The facade's verbs for target kernels; part of lab.ts, which is the only door. Nothing here decides; the rooms do.

import { describeTarget, type TargetDescription } from './build/describe-target.ts';
import { prepareTarget } from './build/prepare-target.ts';
import { removePrepared } from './build/remove-prepared.ts';
import type { OpContext } from './core/operation.ts';
import type { Site } from './core/site.ts';
import { lookUpTarget, resolveTree } from './kernel/boot-target.ts';
import { isTreePrepared } from './kernel/buildable-tree.ts';
import { makeKernel } from './kernel/build-kernel.ts';
import { keptKernels } from './kernel/find-kernel.ts';
import { readFragment } from './kernel/kernel-fragment.ts';
import { readOwnTree } from './kernel/own-tree.ts';
import { listTargets } from './kernel/prepare-kernel.ts';
import type { PruneResult } from './kernel/prune-cache.ts';
import {
  addTargetName,
  inFull,
  isShortName,
  type NamedTarget,
  parseTarget,
  removeTargetName,
  targetNames,
} from './kernel/target-names.ts';
import { formatTargetName } from './kernel/target.ts';

/** `config`: a name of images/kconfig, or the path of a fragment. `out`: absolute; in the cache when absent. */
export type KernelCommand = { from: string; config: string; out?: string };

export function targetVerbs(site: Site) {
  return {
    /** Kernels of a suite and flavour, newest first; of a build tree its one, if a guest can boot it. */
    listTargets: async (
      name: string,
      ctx: OpContext,
    ): Promise<{ name: string; release: string; prepared: boolean }[]> => {
      const target = await parseTarget(site.paths, name);
      if (target.kind === 'tree') {
        const tree = await resolveTree(ctx, target.path);
        return [{ name: tree.name, release: tree.release, prepared: await isTreePrepared(site.rooms, tree) }];
      }
      const kept = await keptKernels(site.rooms.kernels, target.name);
      const isPrepared = (release: string) => kept.some((kernel) => kernel.release === release);
      const kernels = await listTargets(ctx, site.rooms, target.name);
      return kernels.map(({ target: full, release }) => ({
        name: formatTargetName(full),
        release,
        prepared: isPrepared(release),
      }));
    },

    /** Whether that very kernel was prepared here; asks no mirror. */
    isPrepared: async (text: string): Promise<boolean> => {
      const target = await parseTarget(site.paths, text);
      if (target.kind === 'tree') return isTreePrepared(site.rooms, await readOwnTree(target.path));
      const kept = await keptKernels(site.rooms.kernels, target.name);
      return kept.some(({ target: { version } }) => version === target.name.version);
    },

    prepareTarget: async (name: string, ctx: OpContext): Promise<{ name: string; release: string; source: string }> => {
      const { kernel } = await prepareTarget(ctx, site, name);
      return { name: kernel.name, release: kernel.release, source: kernel.source };
    },

    targetNames: (): Promise<NamedTarget[]> => targetNames(site.paths),

    /** Gives a target a short name, once it is known to be there. Throws as resolveBootTarget and addTargetName do. */
    targetAdd: async (
      given: { name: string; target: string },
      ctx: OpContext,
    ): Promise<NamedTarget & { is: TargetDescription }> => {
      await lookUpTarget(ctx, site, given.target);
      const added = await addTargetName(site.paths, given, ctx.signal);
      return { ...added, is: await describeTarget(ctx, site, given.name) };
    },

    targetShow: (name: string, ctx: OpContext): Promise<TargetDescription> => describeTarget(ctx, site, name),

    /**
     * Forgets a short name; with `prepared`, or when it is a target in full, what is in the cache for it alone goes. Throws
     * `target.in-use`, and then nothing was done.
     */
    targetRemove: async (
      { name, prepared }: { name: string; prepared: boolean },
      ctx: OpContext,
    ): Promise<{ forgotten?: NamedTarget; pruned?: PruneResult }> => {
      if (!isShortName(name)) return { pruned: await removePrepared(ctx, site, { text: name }) };
      const pruned = prepared ? await removePrepared(ctx, site, { text: name, forgetting: name }) : undefined;
      const forgotten = await removeTargetName(site.paths, name, ctx.signal);
      return { forgotten, ...(pruned ? { pruned } : {}) };
    },

    /** Builds a kernel from the source of a stock one; what comes out is a target. */
    kernelBuild: async (
      { config, from, ...request }: KernelCommand,
      ctx: OpContext,
    ): Promise<{ target: string; release: string }> => {
      const fragment = await readFragment(site.resources.kconfig, config);
      const stock = inFull(await parseTarget(site.paths, from));
      const tree = await makeKernel(ctx, site.rooms, { ...request, from: stock, fragment });
      const { name, release } = await readOwnTree(tree);
      return { target: name, release };
    },
  };
}
