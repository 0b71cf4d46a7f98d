// A developer's own tree made ready to build livepatches for: checked for all that this takes, with its own compiler. Only
// ever read; there is nothing to make, because the objects that kbuild left are the originals.

import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { artefactPath, ensureArtefact } from '../core/artefact.ts';
import { LabError } from '../core/error.ts';
import { type OpContext, runStage, type StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import type { CacheRooms } from '../core/rooms.ts';
import { writeJson } from '../core/store.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';
import { findIncluded } from './configured-objects.ts';
import { setOptions } from './guest-config.ts';
import { imagePath, notBuilt, type OwnTree } from './own-tree.ts';
import { ownTreeArtefact } from './own-tree-image.ts';
import { findStaleObject } from './stale-object.ts';
import type { KernelBuildTree } from './target.ts';
import { ensureTreeCompiler } from './tree-compiler.ts';

/**
 * Throws `kernel.unsupported` in one line, within seconds, when livepatches cannot be built for that tree: no LIVEPATCH,
 * another compiler than gcc, not built completely, older than its source or its configuration.
 */
export async function checkBuildable(ctx: OpContext, rooms: CacheRooms, tree: OwnTree): Promise<void> {
  await runStage(ctx, { id: 'tree', title: `build tree ${tree.path}` }, async (stage) => {
    checkConfig(tree);
    await checkBuilt(tree);
    await ensureArtefact(stage, objectsKey(rooms, tree), async (out) => {
      const stale = await findStaleObject(stage, tree);
      if (stale) throw notBuilt(tree.path, `${stale.source} is newer than ${stale.object}`);
      const objects = await listObjects(stage, tree);
      stage.note(`${Object.keys(objects).length} objects`);
      await writeJson(join(out, 'objects.json'), {
        objects,
        included: await findIncluded(tree.source, Object.keys(objects)),
      });
    });
  });
}

/** Whether the tree, as it is built now, has passed checkBuildable before. */
export function isTreePrepared(rooms: CacheRooms, tree: OwnTree): Promise<boolean> {
  return stat(join(artefactPath(objectsKey(rooms, tree)), 'stage.json')).then(Boolean, () => false);
}

/** What it takes to compile for the tree, which checkBuildable has passed. `tools`: see KernelBuildTree. */
export async function openBuildableTree(
  ctx: OpContext,
  rooms: CacheRooms,
  tree: OwnTree,
  tools: () => Promise<Toolroot>,
): Promise<KernelBuildTree> {
  const { source, buildTree } = tree;
  return {
    kind: 'tree',
    source,
    buildTree,
    objects: join(artefactPath(objectsKey(rooms, tree)), 'objects.json'),
    toolroot: await ensureTreeCompiler(ctx, rooms, tree),
    tools: await tools(),
  };
}

/** A later build of the tree is another one. */
const objectsKey = ({ kernels }: CacheRooms, tree: OwnTree) => ({
  room: kernels,
  label: `objects-${tree.release}`,
  inputs: { tree: basename(artefactPath(ownTreeArtefact(kernels, tree))), format: 2 },
});

function checkConfig({ name, path, source, buildTree, config }: OwnTree): void {
  if (config.get('LIVEPATCH') !== 'y')
    throw new LabError('kernel.unsupported', `${name}: LIVEPATCH is not set, so no livepatch can be loaded`, {
      hint: setOptions({ path, source: source === buildTree ? '' : 'source' }, ['LIVEPATCH'], '-e'),
    });
  if (config.get('CC_IS_GCC') !== 'y')
    throw new LabError('kernel.unsupported', `${name} was not built with gcc, for which livepatches are built`, {
      hint: `make -C ${path} CC=gcc bzImage modules`,
    });
}

async function checkBuilt(tree: OwnTree): Promise<void> {
  const { path, source, config } = tree;
  const timeOf = async (name: string) => (await stat(join(path, name)).catch(() => undefined))?.mtimeMs;
  if ((await stat(join(source, 'Kbuild')).catch(() => undefined)) === undefined)
    throw new LabError('kernel.unsupported', `${tree.name}: its source is not at ${source}`, {
      hint: 'put it back to where it was when the kernel was built',
    });
  const needed = ['vmlinux', 'Module.symvers', 'include/generated/autoconf.h'];
  for (const name of config.get('OBJTOOL') === 'y' ? [...needed, 'tools/objtool/objtool'] : needed)
    if ((await timeOf(name)) === undefined) throw notBuilt(path, `${name} is missing`);
  const inOrder = [
    // kconfig writes .config first, and leaves what it makes of it alone when nothing changes.
    ['.config', 'vmlinux'],
    ['vmlinux', imagePath],
  ] as const;
  for (const [earlier, later] of inOrder)
    if (((await timeOf(earlier)) ?? 0) > ((await timeOf(later)) ?? 0))
      throw notBuilt(path, `${earlier} is newer than ${later}`);
}

/** By path of the C source the name of its object: everything that kbuild left a record of. */
async function listObjects(ctx: StageContext, { source, buildTree }: OwnTree): Promise<Record<string, string>> {
  const argv = ['find', buildTree, '-name', '.*.o.cmd', '-print'] as const;
  const { stdout } = await runCommand({ argv }, { signal: ctx.signal });
  const records = stdout
    .split('\n')
    .filter(Boolean)
    .map((path) => relative(buildTree, path));
  const objects: Record<string, string> = {};
  for (const record of records) {
    const object = join(dirname(record), basename(record).slice(1, -'.cmd'.length));
    // Programs of the build itself are none of the kernel's.
    if (/^(scripts|tools|usr|arch\/x86\/(boot|tools))\//.test(object)) continue;
    const unit = object.replace(/\.o$/, '.c');
    if (await stat(join(source, unit)).catch(() => undefined)) objects[unit] = object;
  }
  return objects;
}
