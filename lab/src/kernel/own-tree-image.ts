// A build tree's kernel as the lab boots it: a copy of the image and of the modules, as `make modules_install` would lay them
// out, so that the tree may be rebuilt while machines run, and is never written to.

import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureArtefact } from '../core/artefact.ts';
import { LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { inToolroot } from '../toolroot/sandbox.ts';
import { imagePath, type OwnTree, readOwnTree } from './own-tree.ts';
import type { BootableKernel } from './target.ts';

export type OwnTreeRequest = {
  /** Where kernels are cached. */
  room: string;
  /** Its strip is used. */
  labRoot: string;
  tree: OwnTree;
};

/** The artefact that image and modules are copied to; names what they are now. */
export function ownTreeArtefact(room: string, { path, release, image, modules }: OwnTree) {
  return { room, label: `tree-${release}`, inputs: { format: 1, path, release, image, modules } };
}

/** Modules are stripped so many at a time: with debug information they may take gigabytes. */
const batchSize = 100;

/**
 * The kernel, copied when its image or a module has changed since. Rejects with `kernel.unsupported` when the tree is
 * rebuilt meanwhile.
 */
export async function ensureOwnTreeImage(request: OwnTreeRequest, ctx: StageContext): Promise<BootableKernel> {
  const { tree, room } = request;
  const { path, name, release, image, modules } = tree;
  const directory = await ensureArtefact(ctx, ownTreeArtefact(room, tree), async (temporary) => {
    await mkdir(join(temporary, 'boot'));
    try {
      await copyFile(join(path, imagePath), join(temporary, 'boot', `vmlinuz-${release}`));
      await copyModules(request, join(temporary, 'usr/lib/modules', release), ctx);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? wasRebuilt(name) : error;
    }
    const now = await readOwnTree(path);
    if (JSON.stringify([now.image, now.modules]) !== JSON.stringify([image, modules])) throw wasRebuilt(name);
  });
  const vmlinux = join(path, 'vmlinux');
  const hasVmlinux = (await stat(vmlinux).catch(() => undefined)) !== undefined;
  return {
    name,
    release,
    artefact: basename(directory),
    vmlinuz: join(directory, 'boot', `vmlinuz-${release}`),
    modulesDir: join(directory, 'usr/lib/modules', release),
    ...(hasVmlinux ? { vmlinux } : {}),
  };
}

function wasRebuilt(name: string): LabError {
  return new LabError('kernel.unsupported', `${name} was rebuilt while it was read`, {
    hint: 'wait for make to end, then run again',
  });
}

async function copyModules({ tree, labRoot }: OwnTreeRequest, directory: string, ctx: StageContext): Promise<void> {
  await mkdir(join(directory, 'kernel'), { recursive: true });
  const { modules } = tree;
  for (let done = 0; done < modules.length; done += batchSize) {
    const batch = modules.slice(done, done + batchSize).map(({ path }) => path);
    ctx.waiting('modules to be copied and stripped');
    ctx.progress(done, modules.length, 'files');
    for (const path of batch) {
      const copy = join(directory, 'kernel', path);
      await mkdir(dirname(copy), { recursive: true });
      await copyFile(join(tree.path, path), copy);
    }
    const strip = { argv: ['strip', '--strip-debug', ...batch] } as const;
    const place = { host: join(directory, 'kernel'), inside: '/modules', access: 'write' } as const;
    const toolroot = { path: labRoot, compiler: '' };
    await runCommand(inToolroot(strip, { toolroot, binds: [place], cwd: '/modules' }), { signal: ctx.signal });
  }
  for (const index of ['modules.builtin', 'modules.builtin.modinfo'])
    await copyFile(join(tree.path, index), join(directory, index));
  const order = modules.map(({ path }) => `kernel/${path}\n`).join('');
  await writeFile(join(directory, 'modules.order'), order);
  ctx.note(`${modules.length} modules`);
}
