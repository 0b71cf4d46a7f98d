// What a kernel must be configured with to be a guest of the lab, checked before anything is copied or booted.

import { join } from 'node:path';
import { LabError } from '../core/error.ts';

/** Used before modules can be loaded, or never a module. */
const builtIn = [
  ...['BLK_DEV_INITRD', 'BINFMT_ELF', 'BINFMT_SCRIPT', 'DEVTMPFS', 'TMPFS', 'PROC_FS', 'SYSFS'],
  ...['SERIAL_8250_CONSOLE', 'INET', 'UNIX98_PTYS'],
];

/** Loaded from the initramfs. */
const builtInOrModule = ['VIRTIO_PCI', 'VIRTIO_BLK', 'VIRTIO_NET', 'EXT4_FS'];

/** A guest boots without, but something is amiss then. */
const missed: readonly (readonly [option: string, effect: string])[] = [
  ['LIVEPATCH', 'no livepatch can be loaded'],
  ['PVPANIC_PCI', 'a panic is seen on the console only'],
  ['VMGENID', 'machines restored from one snapshot begin with the same random numbers'],
];

/** `path`: where .config is; `source`: where scripts/ is, relative to it (O= directories have a link `source`). */
type Tree = { path: string; source: string };

/**
 * Warnings about what a guest of that kernel will lack. Throws `kernel.unsupported` naming every missing option, with the
 * commands that set them.
 */
export function checkGuestConfig(config: ReadonlyMap<string, string>, tree: Tree): string[] {
  const name = `tree:${tree.path}`;
  if (config.get('X86_64') !== 'y')
    throw new LabError('kernel.unsupported', `${name} is not configured for x86-64`, {
      hint: 'guests of the lab are x86-64 machines',
    });
  const lacks = [
    ...builtIn.filter((option) => config.get(option) !== 'y'),
    ...builtInOrModule.filter((option) => !['y', 'm'].includes(config.get(option) ?? '')),
  ];
  if (lacks.length > 0)
    throw new LabError('kernel.unsupported', `${name}: a guest needs ${lacks.join(', ')} in .config`, {
      hint: setOptions(tree, lacks, '-e'),
    });
  // Signing is part of modules_install; in the tree they are bare.
  if (config.get('MODULE_SIG_FORCE') === 'y')
    throw new LabError('kernel.unsupported', `${name}: MODULE_SIG_FORCE refuses the unsigned modules of a build tree`, {
      hint: setOptions(tree, ['MODULE_SIG_FORCE'], '-d'),
    });
  return missed
    .filter(([option]) => !['y', 'm'].includes(config.get(option) ?? ''))
    .map(([option, effect]) => `${option} is not set: ${effect}`);
}

/** The commands that change the configuration of a tree, and build it. */
export function setOptions({ path, source }: Tree, options: readonly string[], how: '-e' | '-d'): string {
  const words = options.map((option) => `${how} ${option}`).join(' ');
  return `cd ${path} && ${join(source, 'scripts/config')} ${words} && make olddefconfig && make bzImage modules`;
}
