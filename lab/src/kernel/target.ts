// Names of target kernels and what a prepared one offers to the other rooms.

import { LabError } from '../core/error.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';

/** A stock Debian kernel: `debian:SUITE/FLAVOUR[@VERSION]`; without a version, the newest the mirror has. */
export type TargetName = { suite: string; flavour: string; version?: string };

export const defaultTargetName = 'debian:trixie/cloud-amd64';

/** Parses a target name. Throws `kernel.unknown`. */
export function parseTargetName(text: string): TargetName {
  const match = /^debian:([a-z][a-z-]*)\/([a-z0-9-]+)(?:@([0-9][0-9A-Za-z.+~-]*))?$/.exec(text);
  if (!match?.[1] || !match[2])
    throw new LabError('kernel.unknown', `${JSON.stringify(text)} is not a target name`, {
      hint: `write debian:SUITE/FLAVOUR[@VERSION], for example ${defaultTargetName}@6.12.107; see \`lpl target ls\``,
    });
  return { suite: match[1], flavour: match[2], ...(match[3] ? { version: match[3] } : {}) };
}

export function formatTargetName({ suite, flavour, version }: TargetName): string {
  return `debian:${suite}/${flavour}${version ? `@${version}` : ''}`;
}

/** What it takes to boot the kernel. All paths are absolute host paths, read-only by agreement. */
export type BootableKernel = {
  /** Full name with version. */
  name: string;
  /** `uname -r`. */
  release: string;
  /** Compressed kernel image (bzImage). */
  vmlinuz: string;
  /** `lib/modules/RELEASE`: modules as shipped (.ko or .ko.xz), modules.dep, modules.builtin. */
  modulesDir: string;
};

/** What it takes to build for the kernel as well. */
export type TargetKernel = BootableKernel & {
  /** Pristine source of exactly this version. */
  source: string;
  /** Prepared `O=` directory: stock .config, Module.symvers, utsrelease.h, scripts, objtool. Copied, never written to. */
  buildTree: string;
  /** The compiler the kernel was built with. */
  toolroot: Toolroot;
  /** Facts read from the running kernel, see KernelFacts. */
  facts: KernelFacts;
};

/** Text files read once from a booted guest of that kernel (nokaslr, kptr_restrict=0). */
export type KernelFacts = {
  /** /proc/kallsyms, vmlinux symbols only: `ADDRESS TYPE NAME`. */
  kallsyms: string;
  /** available_filter_functions of tracefs, vmlinux functions only, one name a line. */
  patchableFunctions: string;
};
