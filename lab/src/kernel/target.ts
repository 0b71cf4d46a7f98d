// Names of target kernels and what a prepared one offers to the other rooms.

import { homedir } from 'node:os';
import { basename, resolve } from 'node:path';
import { LabError } from '../core/error.ts';
import type { Toolroot } from '../toolroot/sandbox.ts';

/**
 * A stock Debian kernel: `debian:SUITE/FLAVOUR[@VERSION]`; without a version the newest the mirror has, with a part of one
 * (`@6.1`) the newest of that series.
 */
export type StockName = { suite: string; flavour: string; version?: string };

/** What a target name means: a stock kernel, or the developer's own build tree (`tree:PATH`, the path absolute here). */
export type TargetName = { kind: 'stock'; name: StockName } | { kind: 'tree'; path: string };

export const defaultTargetName = 'debian:trixie/cloud-amd64';

/** Parses a target name; a relative tree is one of the working directory. Throws `kernel.unknown`. */
export function parseTargetName(text: string): TargetName {
  const tree = /^tree:(.+)$/.exec(text)?.[1];
  // No shell expands a tilde behind a colon.
  if (tree) return { kind: 'tree', path: resolve(tree.replace(/^~(?=\/|$)/, homedir())) };
  const match = /^debian:([a-z][a-z-]*)\/([a-z0-9-]+)(?:@([0-9][0-9A-Za-z.+~-]*))?$/.exec(text);
  if (!match?.[1] || !match[2])
    throw new LabError('kernel.unknown', `${JSON.stringify(text)} is not a target name`, {
      hint: `write debian:SUITE/FLAVOUR[@VERSION], for example ${defaultTargetName} (\`lpl target ls\` shows all), or tree:PATH`,
    });
  return { kind: 'stock', name: { suite: match[1], flavour: match[2], ...(match[3] ? { version: match[3] } : {}) } };
}

/** The stock kernel a name means, for what works with those only. Throws `kernel.unknown` or `kernel.unsupported`. */
export function parseStockName(text: string): StockName {
  const target = parseTargetName(text);
  if (target.kind === 'stock') return target.name;
  throw new LabError('kernel.unsupported', `${text} is your own build tree; this works with stock kernels only`, {
    hint: 'choose one of those that `lpl target ls` shows',
  });
}

export function formatTargetName({ suite, flavour, version }: StockName): string {
  return `debian:${suite}/${flavour}${version ? `@${version}` : ''}`;
}

/** What it takes to boot the kernel. All paths are absolute host paths, read-only by agreement. */
export type BootableKernel = {
  /** Full name with version, or `tree:PATH`. */
  name: string;
  /** `uname -r`. */
  release: string;
  /** Name of the artefact that image and modules lie in: names their content, wherever the cache is. */
  artefact: string;
  /** Compressed kernel image (bzImage). */
  vmlinuz: string;
  /** `lib/modules/RELEASE`: modules as shipped (.ko or .ko.xz), modules.order, modules.builtin. */
  modulesDir: string;
  /** ELF image with the symbols, and debug information if it was built with it, where there is one. */
  vmlinux?: string;
};

/** What it takes to compile for the kernel. */
export type KernelBuildTree = {
  /** `tree`: the developer's own, whose objects are there. Of a stock kernel they are made anew, in a private copy. */
  kind: TargetName['kind'];
  /** Source of exactly this version; in a tree that is built where its source is, the same as `buildTree`. */
  source: string;
  /** `O=` directory: .config, Module.symvers, utsrelease.h, scripts, objtool. Never written to. */
  buildTree: string;
  /** What the configuration builds, see configured-objects.ts. */
  objects: string;
  /** The compiler the kernel was built with. */
  toolroot: Toolroot;
  /** Has pahole and what unpacks kernels and modules; with an own tree's compiler on the host these may be missing. */
  tools: Toolroot;
};

/** What it takes to boot and to build for the kernel. */
export type TargetKernel = BootableKernel &
  KernelBuildTree & {
    /** Facts read from the running kernel, see KernelFacts. */
    facts: KernelFacts;
  };

/** Names the content of a build tree, for keys of what is made with it: a developer's own changes under one path. */
export const buildTreeIdentity = ({
  kind,
  artefact,
  buildTree,
}: Pick<TargetKernel, 'kind' | 'artefact' | 'buildTree'>) => (kind === 'tree' ? artefact : basename(buildTree));

/** Text files read once from a booted guest of that kernel (nokaslr, kptr_restrict=0). */
export type KernelFacts = {
  /** /proc/kallsyms, vmlinux symbols only: `ADDRESS TYPE NAME`. */
  kallsyms: string;
  /** available_filter_functions of tracefs, vmlinux functions only, one name a line. */
  patchableFunctions: string;
};
