// From a target name to a kernel that QEMU can boot, whatever kind of target it is.

import { holdDirectory } from '../core/in-use.ts';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { CacheRooms } from '../core/rooms.ts';
import type { Site } from '../core/site.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';
import type { StockKernel } from './catalog.ts';
import { type OwnTree, readOwnTree } from './own-tree.ts';
import { ensureOwnTreeImage } from './own-tree-image.ts';
import { ensureBootable, ensureLabRoot, ensureToolroot, resolveTarget } from './prepare-kernel.ts';
import { compilerText } from './tree-compiler.ts';
import { type BootableKernel, formatTargetName } from './target.ts';
import { inFull, parseTarget } from './target-names.ts';

/** What a target name means: a kernel that is there, or can be had. */
export type BootTarget = {
  /** In full. */
  name: string;
  /** `uname -r`. */
  release: string;
  /** Upstream's version: 6.12.118. */
  version: string;
  /** What built it. */
  compiler: string;
} & ({ kind: 'stock'; kernel: StockKernel } | { kind: 'tree'; tree: OwnTree });

/** Compiles the guest's programs when the kernel is the developer's own: a static program does not care. */
const anyCompiler = { target: { suite: 'trixie' }, compiler: 'gcc-14' };

/**
 * Finds the target, or the one `back` before it, and checks it. Throws as parseTarget, resolveTarget and readOwnTree do,
 * and `kernel.unsupported` for what is before a tree.
 */
export async function resolveBootTarget(
  ctx: OpContext,
  { paths, rooms }: Pick<Site, 'paths' | 'rooms'>,
  name: string,
  back = 0,
): Promise<BootTarget> {
  const target = await parseTarget(paths, name);
  if (target.kind === 'tree' && back === 0) return treeTarget(await resolveTree(ctx, target.path));
  return stockTarget(await resolveTarget(ctx, rooms, inFull(target), back));
}

/** As resolveBootTarget, for who only tells about it: declares no use of it, and warns of nothing. */
export async function lookUpTarget(
  ctx: OpContext,
  { paths, rooms }: Pick<Site, 'paths' | 'rooms'>,
  name: string,
): Promise<BootTarget> {
  const target = await parseTarget(paths, name);
  if (target.kind === 'tree') return treeTarget(await readOwnTree(target.path));
  return stockTarget(await resolveTarget(ctx, rooms, inFull(target)));
}

/** A stock kernel as a target. */
export function stockTarget(kernel: StockKernel): BootTarget {
  const { release, compiler, target } = kernel;
  return { kind: 'stock', name: formatTargetName(target), release, version: target.version, compiler, kernel };
}

function treeTarget(tree: OwnTree): BootTarget {
  const { name, release, config } = tree;
  const version = /^\d+(\.\d+)*/.exec(release)?.[0] ?? release;
  return { kind: 'tree', name, release, version, compiler: compilerText(config), tree };
}

/** Checks the tree and tells what a guest of its kernel will lack. Throws as readOwnTree does. */
export function resolveTree(ctx: OpContext, path: string): Promise<OwnTree> {
  return runStage(ctx, { id: 'target', title: `target tree:${path}` }, async (stage) => {
    const tree = await readOwnTree(path);
    // One that the lab built, and its source, lie in the cache.
    for (const directory of [tree.buildTree, tree.source]) await holdDirectory(directory, stage.signal);
    for (const warning of tree.warnings) stage.emit({ type: 'line', from: 'lab', text: `${tree.name}: ${warning}` });
    stage.note(tree.release);
    return tree;
  });
}

/** Image, modules, and the root with QEMU and the guest's programs. */
export async function prepareToBoot(
  ctx: OpContext,
  rooms: CacheRooms,
  target: BootTarget,
): Promise<{ bootable: BootableKernel; labRoot: string }> {
  if (target.kind === 'stock') {
    const [labRoot, bootable] = await runTogether(ctx, [
      (inner) => ensureLabRoot(inner, rooms),
      (inner) => ensureBootable(inner, rooms, target.kernel),
    ]);
    return { bootable, labRoot };
  }
  const { tree } = target;
  const labRoot = await ensureLabRoot(ctx, rooms);
  const bootable = await runStage(ctx, { id: 'image', title: `kernel image ${tree.release}` }, (stage) =>
    ensureOwnTreeImage({ room: rooms.kernels, labRoot, tree }, stage),
  );
  return { bootable, labRoot };
}

/** The compiler for programs that run in a guest of that kernel: for a stock kernel the one it is patched with, too. */
export function ensureGuestCompiler(ctx: OpContext, rooms: CacheRooms, target: BootTarget): Promise<Toolroot> {
  return ensureToolroot(ctx, rooms, target.kind === 'stock' ? target.kernel : anyCompiler);
}
