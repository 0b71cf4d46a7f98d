// From a target name to a kernel that QEMU can boot, whatever kind of target it is.

import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { CacheRooms } from '../core/rooms.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';
import type { StockKernel } from './catalog.ts';
import { type OwnTree, readOwnTree } from './own-tree.ts';
import { ensureOwnTreeImage } from './own-tree-image.ts';
import { ensureBootable, ensureLabRoot, ensureToolroot, resolveTarget } from './prepare-kernel.ts';
import { type BootableKernel, parseTargetName } from './target.ts';

/** A target that can be booted. */
export type BootTarget = { kind: 'stock'; kernel: StockKernel } | { kind: 'tree'; tree: OwnTree };

/** Compiles the guest's programs when the kernel is the developer's own: a static program does not care. */
const anyCompiler = { target: { suite: 'trixie' }, compiler: 'gcc-14' };

/** Finds the target and checks it. Throws as parseTargetName, resolveTarget and readOwnTree do. */
export async function resolveBootTarget(ctx: OpContext, rooms: CacheRooms, name: string): Promise<BootTarget> {
  const target = parseTargetName(name);
  if (target.kind === 'stock') return { kind: 'stock', kernel: await resolveTarget(ctx, rooms, name) };
  return { kind: 'tree', tree: await resolveTree(ctx, target.path) };
}

/** Checks the tree and tells what a guest of its kernel will lack. Throws as readOwnTree does. */
export function resolveTree(ctx: OpContext, path: string): Promise<OwnTree> {
  return runStage(ctx, { id: 'target', title: `target tree:${path}` }, async (stage) => {
    const tree = await readOwnTree(path);
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
