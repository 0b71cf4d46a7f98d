// How kbuild is asked for anything: the toolroot's compiler, and none of the work on BTF and Rust.

import type { Argv } from '../core/command.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';

/**
 * Argv of make. The BTF variables are emptied for make only (.config and autoconf.h keep them): kbuild then neither builds
 * tools/bpf/resolve_btfids, which needs Python, nor runs it on modules, whose BTF a livepatch has no use for.
 * CONFIG_RUST likewise: it would build the crates of the kernel first, and no C code depends on them.
 * KERNELRELEASE becomes UTS_RELEASE, and with it vermagic; kbuild would make up another one from the bare source.
 */
export function kbuildArgv(directory: string, release: string, ...words: readonly string[]): Argv {
  const without = ['CONFIG_DEBUG_INFO_BTF=', 'CONFIG_DEBUG_INFO_BTF_MODULES=', 'CONFIG_RUST='];
  return ['make', '-s', '-C', directory, 'CC=gcc', 'HOSTCC=gcc', `KERNELRELEASE=${release}`, ...without, ...words];
}

/** For kbuildArgv: the compiler of a developer's own tree, which may go by another name (gcc-13). */
export const compilerWords = ({ cc }: Pick<Toolroot, 'cc'>): string[] => (cc === undefined ? [] : [`CC=${cc}`]);
