// All modules of a target kernel as one read-only disk, so that neither the initramfs nor a root file system depends on
// what a guest will load. Cached per kernel; made without privileges. The guest mounts it at /lib/modules.

import { cp, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ArtefactRequest, ensureArtefact } from '../../core/artefact.ts';
import type { Command } from '../../core/command.ts';
import { requireFreeSpace } from '../../core/disk-space.ts';
import { eachLimited } from '../../core/each-limited.ts';
import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import type { BootableKernel } from '../../kernel/target.ts';
import { labRootArgv } from '../qemu/lab-root.ts';

export type ModulesDiskRequest = { kernel: BootableKernel; labRoot: string };

const blockBytes = 4096;
const inodeBytes = 256;

/**
 * Path of a raw ext4 image whose root holds `RELEASE/`, with the indexes of depmod(8). Modules lie there unpacked: that
 * costs the host a second once (and 120 MB instead of 25 for a cloud kernel), but no guest has to unpack xz under TCG.
 * Rejects with `host.no-space`, or `command.failed` when a tool of the lab root fails. `imagesDir` is where images are cached.
 */
export function ensureModulesDisk(request: ModulesDiskRequest, imagesDir: string, ctx: OpContext): Promise<string> {
  const { kernel } = request;
  return runStage(ctx, { id: 'modules-disk', title: `Modules of ${kernel.release}` }, async (stage) => {
    const inputs = { format: 2, kernel: kernel.artefact };
    const artefact: ArtefactRequest = { room: imagesDir, label: `modules-${kernel.release}`, inputs };
    const directory = await ensureArtefact(stage, artefact, async (temporary) => {
      const staging = join(temporary, 'staging');
      await requireRoom(request, imagesDir);
      try {
        await stageModules(request, staging, stage);
        await writeImage(request.labRoot, join(staging, 'lib/modules'), join(temporary, 'modules.ext4'), stage);
      } finally {
        await rm(staging, { recursive: true, force: true });
      }
    });
    return join(directory, 'modules.ext4');
  });
}

/** Staging and image are there at once; xz makes a fifth of a module. */
async function requireRoom({ kernel }: ModulesDiskRequest, directory: string): Promise<void> {
  const files = await readdir(kernel.modulesDir, { recursive: true });
  const needs = files.map(async (file) => {
    const { size } = await lstat(join(kernel.modulesDir, file));
    return 2 * size * (file.endsWith('.xz') ? 6 : 1);
  });
  const bytes = (await Promise.all(needs)).reduce((sum, each) => sum + each, 0);
  await requireFreeSpace(directory, Math.ceil(bytes / 2 ** 20) + 8, `the disk with the modules of ${kernel.release}`);
}

/** A root for depmod: `lib/modules/RELEASE` with unpacked modules and fresh indexes. */
async function stageModules({ kernel, labRoot }: ModulesDiskRequest, root: string, ctx: StageContext): Promise<void> {
  const directory = join(root, 'lib/modules', kernel.release);
  await mkdir(directory, { recursive: true });
  ctx.waiting('modules to be unpacked');
  // The kernel image may lie there too, and links to headers and source.
  for (const name of await readdir(kernel.modulesDir))
    if (name === 'kernel' || name.startsWith('modules.'))
      await cp(join(kernel.modulesDir, name), join(directory, name), { recursive: true });
  const files = await readdir(directory, { recursive: true });
  const packed = files.filter((file) => file.endsWith('.ko.xz')).map((file) => join(directory, file));
  const half = Math.ceil(packed.length / 2);
  const shares = [packed.slice(0, half), packed.slice(half)].filter((share) => share.length > 0);
  await eachLimited(shares, 2, async (share) => {
    await runCommand({ argv: [join(labRoot, 'usr/bin/busybox'), 'unxz', ...share] }, ctx);
  });
  ctx.waiting('depmod');
  // Without the search rules of the host.
  const depmod = labRootArgv(labRoot, 'usr/sbin/depmod', '-C', '/dev/null', '-b', root, kernel.release);
  await runCommand({ argv: depmod }, ctx);
  ctx.note(`${files.filter((file) => /\.ko(\.xz)?$/.test(file)).length} modules`);
}

/** An image just large enough. `tree` becomes its root directory. */
async function writeImage(labRoot: string, tree: string, image: string, ctx: StageContext): Promise<void> {
  ctx.waiting(`mke2fs of ${basename(image)}`);
  const entries = await readdir(tree, { recursive: true });
  const sizes = await Promise.all(entries.map(async (entry) => (await lstat(join(tree, entry))).size));
  const dataBlocks = sizes.reduce((sum, size) => sum + Math.ceil(size / blockBytes) + 1, 0);
  const inodes = entries.length + 64;
  const blocks = Math.ceil(dataBlocks * 1.02 + (inodes * inodeBytes) / blockBytes) + 512;
  await runCommand(mke2fsCommand(labRoot, { tree, image, blocks, inodes }), ctx);
}

/** Read-only for life: no journal to replay, no checksums (their module would have to be loaded first), nothing reserved. */
function mke2fsCommand(
  labRoot: string,
  { tree, image, blocks, inodes }: { tree: string; image: string; blocks: number; inodes: number },
): Command {
  const features = '^has_journal,^metadata_csum,^resize_inode';
  const format = ['-b', String(blockBytes), '-I', String(inodeBytes), '-N', String(inodes), '-O', features];
  const content = ['-m', '0', '-E', 'root_owner=0:0', '-d', tree];
  return {
    argv: labRootArgv(labRoot, 'usr/sbin/mke2fs', '-q', '-t', 'ext4', ...format, ...content, image, String(blocks)),
    env: { MKE2FS_CONFIG: join(labRoot, 'etc/mke2fs.conf') },
  };
}
