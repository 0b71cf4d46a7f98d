// The roots the lab is made of. The lab root never changes with the target; a toolroot has the target's exact compiler.

import type { RootRecipe } from './extracted-root.ts';

/**
 * QEMU, what goes into the guests, and what makes their disks (depmod, mke2fs). From trixie whatever the host is: QEMU
 * 7.2 of Debian 12 breaks one boot in five of kernels >= 6.12 under TCG, QEMU 10 none of 80 (FACTS 4). kpatch-build
 * depends on half of TeX; only its unpacked files are wanted, and those need libelf.
 */
export const labRootRecipe: RootRecipe = {
  label: 'lab-root',
  suite: 'trixie',
  packages: [
    ...['qemu-system-x86', 'qemu-utils', 'seabios', 'busybox-static', 'dropbear-bin'],
    ...['libelf1t64', 'binutils', 'kmod', 'e2fsprogs', 'libarchive13t64'],
    ...['zstd', 'xz-utils', 'gzip'],
  ],
  alone: ['kpatch-build', 'runit'],
  // node-qemu's QemuImg knows it by that name alone.
  launchers: ['qemu-img'],
};

/**
 * What makes a guest's root file system of `suite`: its own mmdebstrap, apt and dpkg, and fakeroot for the owners that a
 * user namespace with one user does not have.
 */
export function imageRootRecipe(suite: string): RootRecipe {
  const packages = ['?essential', 'apt', 'mmdebstrap', 'fakeroot', 'debian-archive-keyring'];
  return { label: `image-root-${suite}`, suite, packages, links: { 'usr/bin/awk': 'mawk' } };
}

const shellTools = [
  'base-files',
  'dash',
  'bash',
  'coreutils',
  'sed',
  'grep',
  'mawk',
  'findutils',
  'diffutils',
  'hostname',
];
const buildTools = [
  'make',
  'bc',
  'bison',
  'flex',
  'libc6-dev',
  'libelf-dev',
  'libssl-dev',
  'patch',
  'kmod',
  'cpio',
  'pahole',
  // Without it kbuild makes an objtool that has no `klp` (kernels from 6.19 on).
  'libxxhash-dev',
];
const archivers = ['tar', 'gzip', 'xz-utils', 'zstd'];

/** A root to compile kernel code of `suite` in. `compiler` is a package, with version: gcc-14=14.2.0-19. */
export function toolrootRecipe(suite: string, compiler: string): RootRecipe {
  const gcc = compiler.split('=')[0] as string;
  return {
    label: `toolroot-${suite}-${gcc}`,
    suite,
    packages: [compiler, ...shellTools, ...buildTools, ...archivers],
    links: { 'usr/bin/gcc': gcc, 'usr/bin/cc': gcc, 'usr/bin/awk': 'mawk' },
  };
}

/**
 * What the scripts of klp-build and kpatch-build ask for beside compiler and make. Run by launchers, so that it goes with any
 * compiler's root, and with the host.
 */
export const scriptsRootRecipe: RootRecipe = {
  label: 'scripts-root',
  suite: 'trixie',
  packages: ['gawk', 'util-linux', 'mount', 'libc-bin', 'patchutils'],
  launchers: ['gawk', 'getopt', 'mount', 'getconf', 'lsdiff', 'recountdiff'],
};
