// A directory that looks like a build tree whose kernel a guest could boot: what own-tree.ts reads of one, and no more.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The configuration of `images/kconfig/tiny.config`, as kconfig would complete it. */
export const bootableConfig = (await readFile(new URL('../../images/kconfig/tiny.config', import.meta.url), 'utf8'))
  .replace('CONFIG_64BIT=y', 'CONFIG_X86_64=y')
  .concat('CONFIG_LIVEPATCH=y\n');

/** The head of a bzImage: boot.rst has `HdrS` at 0x202 and at 0x20e the place of the version, less 0x200. */
function imageOf(release: string): Buffer {
  const image = Buffer.alloc(0x4000);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x3000, 0x20e);
  image.write(`${release} (me@here) #1 SMP\0`, 0x3200, 'latin1');
  return image;
}

/** Writes a file of the tree, and the directories it lies in. */
export async function putFile(tree: string, path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeFile(join(tree, path), content);
}

/** Makes the tree, with two modules. */
export async function makeBuiltTree(tree: string, release = '6.12.1-mine'): Promise<void> {
  await putFile(tree, '.config', bootableConfig);
  await putFile(tree, 'include/config/kernel.release', `${release}\n`);
  await putFile(tree, 'arch/x86/boot/bzImage', imageOf(release));
  await putFile(tree, 'modules.order', 'drivers/net/virtio_net.o\nfs/x.ko\n');
  await putFile(tree, 'drivers/net/virtio_net.ko', 'module');
  await putFile(tree, 'fs/x.ko', 'module');
}
