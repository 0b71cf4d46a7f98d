// Everything of a target that can be made without booting it: image, source, compiler, build directory. What does not
// depend on each other is made side by side.

import { type OpContext, runStage, runTogether, type StageContext } from '../core/operation.ts';
import type { CacheRooms } from '../core/rooms.ts';
import { ensureRoot } from '../toolroot/extracted-root.ts';
import { openPackageView } from '../toolroot/package-view.ts';
import { labRootRecipe, scriptsRootRecipe, toolrootRecipe } from '../toolroot/recipes.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';
import type { StockKernel } from './catalog.ts';
import { ensureConfiguredObjects } from './configured-objects.ts';
import { ensureBuildTree, ensureHeaders, ensureImage, ensureSource, type KernelRoom } from './debian-kernel.ts';
import { findStockKernel, stockKernels } from './find-kernel.ts';
import { type BootableKernel, parseStockName, type StockName, type KernelBuildTree } from './target.ts';

const packageView = (rooms: CacheRooms, suite: string) => (stage: StageContext) =>
  openPackageView(stage, rooms.packages, suite);

/**
 * The stock kernel a target name means, or the one `back` before it. Throws `kernel.unknown`, `packages.unavailable`,
 * `kernel.unsupported` (own tree).
 */
export function resolveTarget(ctx: OpContext, rooms: CacheRooms, name: string, back = 0): Promise<StockKernel> {
  const target = parseStockName(name);
  return runStage(ctx, { id: 'target', title: `target ${name}` }, async (stage) => {
    const kernel = await findStockKernel(stage, rooms.kernels, { ...target, back }, packageView(rooms, target.suite));
    stage.note(kernel.release);
    return kernel;
  });
}

/** Kernels of suite and flavour, newest first. */
export function listTargets(ctx: OpContext, rooms: CacheRooms, target: StockName): Promise<StockKernel[]> {
  return runStage(ctx, { id: 'targets', title: `kernels of ${target.suite}` }, (stage) =>
    stockKernels(stage, rooms.kernels, target, packageView(rooms, target.suite)),
  );
}

/** The root with QEMU, the guest's programs and the object tools. */
export function ensureLabRoot(ctx: OpContext, rooms: CacheRooms): Promise<string> {
  return runStage(ctx, { id: 'lab-root', title: 'QEMU and guest tools' }, (stage) =>
    ensureRoot(stage, rooms.roots, labRootRecipe, packageView(rooms, labRootRecipe.suite)),
  );
}

/** The programs that klp-build and kpatch-build call. */
export function ensureScriptsRoot(ctx: OpContext, rooms: CacheRooms): Promise<string> {
  return runStage(ctx, { id: 'scripts-root', title: 'programs of build scripts' }, (stage) =>
    ensureRoot(stage, rooms.roots, scriptsRootRecipe, packageView(rooms, scriptsRootRecipe.suite)),
  );
}

/** The compiler the kernel was built with. */
export function ensureToolroot(
  ctx: OpContext,
  rooms: CacheRooms,
  kernel: { target: { suite: string }; compiler: string },
): Promise<Toolroot> {
  const { suite } = kernel.target;
  return runStage(ctx, { id: 'toolroot', title: `compiler ${kernel.compiler} of ${suite}` }, async (stage) => {
    const recipe = toolrootRecipe(suite, kernel.compiler);
    return {
      path: await ensureRoot(stage, rooms.roots, recipe, packageView(rooms, suite)),
      compiler: kernel.compiler,
    };
  });
}

/** Image and modules. */
export function ensureBootable(ctx: OpContext, rooms: CacheRooms, kernel: StockKernel): Promise<BootableKernel> {
  return ensureImage(ctx, kernelRoom(rooms, kernel), kernel);
}

/** Its pristine source alone. */
export function ensureStockSource(ctx: OpContext, rooms: CacheRooms, kernel: StockKernel): Promise<string> {
  return ensureSource(ctx, kernelRoom(rooms, kernel), kernel);
}

/** Source, compiler and build directory; `facts` come from booting it (vm/survey.ts). */
export async function prepareBuildTree(
  ctx: OpContext,
  rooms: CacheRooms,
  kernel: StockKernel,
  compiler: () => Promise<Toolroot>,
): Promise<KernelBuildTree> {
  const room = kernelRoom(rooms, kernel);
  const [toolroot, headers, source] = await runTogether(ctx, [
    compiler,
    (inner) => ensureHeaders(inner, room, kernel),
    (inner) => ensureSource(inner, room, kernel),
  ]);
  const given = { release: kernel.release, headers, source, toolroot };
  const buildTree = await ensureBuildTree(ctx, room.room, given);
  return {
    kind: 'stock',
    source,
    toolroot,
    tools: toolroot,
    buildTree,
    objects: await ensureConfiguredObjects(ctx, room.room, { ...given, buildTree }),
  };
}

const kernelRoom = (rooms: CacheRooms, kernel: StockKernel): KernelRoom => ({
  room: rooms.kernels,
  open: packageView(rooms, kernel.target.suite),
});
