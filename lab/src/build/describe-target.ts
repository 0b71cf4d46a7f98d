// What there is to say of a target kernel before anything is fetched, built or booted for it.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { CacheRooms } from '../core/rooms.ts';
import type { Site } from '../core/site.ts';
import { type BootTarget, lookUpTarget } from '../kernel/boot-target.ts';
import { checkBuildable } from '../kernel/buildable-tree.ts';
import type { CachedArtefact } from '../kernel/cache-use.ts';
import { readKernelConfig } from '../kernel/kernel-config.ts';
import { preparedArtefacts } from '../kernel/prepared-artefacts.ts';
import { targetNames } from '../kernel/target-names.ts';
import { machinesOfTarget } from '../vm/machines-of-target.ts';
import { differFor } from './differ/choose-differ.ts';
import { insteadOf } from './engine-for.ts';

export type TargetDescription = {
  /** In full. */
  name: string;
  shortNames: string[];
  kind: BootTarget['kind'];
  release: string;
  /** Of Debian; absent for a tree. */
  suite?: string;
  compiler: string;
  /** Absent while it is not known: a stock kernel's comes with its image. */
  config?: { livepatch: boolean; ibt: boolean; btf: boolean; modversions: boolean };
  /** What takes patches for it apart, and what the other engines would do. */
  engine?: string;
  /** Why livepatches cannot be built for it as it is, and what to do about it. */
  problem?: { message: string; hint?: string };
  /** Machines that were made for it, running or not. */
  machines: string[];
  /** What is in the cache for it. */
  prepared: CachedArtefact[];
  diskBytes: number;
};

/** Asks the mirror at most for its list of kernels. Throws as resolveBootTarget does. */
export async function describeTarget(ctx: OpContext, site: Site, text: string): Promise<TargetDescription> {
  const target = await lookUpTarget(ctx, site, text);
  const { name, kind, release, compiler } = target;
  const names = (await targetNames(site.paths)).filter(
    (each) => [name, text].includes(each.target) || each.name === text,
  );
  const prepared = await preparedArtefacts(ctx, site.paths, target);
  const config = target.kind === 'tree' ? target.tree.config : await stockConfig(site.rooms, release);
  const problem = await problemOf(ctx, site, target, config);
  return {
    ...{ name, shortNames: names.map((each) => each.name), kind, release, compiler },
    ...(target.kind === 'stock' ? { suite: target.kernel.target.suite } : {}),
    ...(config ? { config: options(config), engine: engineLine({ kind, release, config }) } : {}),
    ...(problem ? { problem } : {}),
    machines: await machinesOfTarget(site.paths, name),
    prepared,
    diskBytes: prepared.reduce((total, { diskBytes }) => total + diskBytes, 0),
  };
}

function options(config: ReadonlyMap<string, string>): NonNullable<TargetDescription['config']> {
  const isOn = (option: string) => config.get(option) === 'y';
  return {
    livepatch: isOn('LIVEPATCH'),
    ibt: isOn('X86_KERNEL_IBT'),
    btf: isOn('DEBUG_INFO_BTF'),
    modversions: isOn('MODVERSIONS'),
  };
}

/** As `lpl build` explains its choice. */
function engineLine(of: Parameters<typeof insteadOf>[0]): string {
  const { differ, because } = differFor(of.config);
  return `objdiff, differ ${differ.name} (${because}), ${insteadOf(of)}`;
}

async function stockConfig({ kernels }: CacheRooms, release: string): Promise<ReadonlyMap<string, string> | undefined> {
  const names = (await readdir(kernels).catch(() => [])).filter((name) => name.startsWith(`image-${release}-`));
  for (const name of names) {
    const text = await readFile(join(kernels, name, 'boot', `config-${release}`), 'utf8').catch(() => undefined);
    if (text !== undefined) return readKernelConfig(text);
  }
  return undefined;
}

async function problemOf(
  ctx: OpContext,
  { rooms }: Site,
  target: BootTarget,
  config: ReadonlyMap<string, string> | undefined,
): Promise<TargetDescription['problem']> {
  if (target.kind === 'stock')
    return config && config.get('LIVEPATCH') !== 'y'
      ? { message: 'LIVEPATCH is not set, so no livepatch can be loaded' }
      : undefined;
  return runStage(ctx, { id: 'buildable', title: 'what livepatches need' }, async (stage) => {
    try {
      // Its stages would end red, and what is wrong with the tree is an answer here.
      await checkBuildable({ ...stage, emit: () => undefined }, rooms, target.tree);
      return undefined;
    } catch (error) {
      if (!isLabError(error, 'kernel.unsupported')) throw error;
      return { message: error.message, ...(error.hint ? { hint: error.hint } : {}) };
    }
  });
}
