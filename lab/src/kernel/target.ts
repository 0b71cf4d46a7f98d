// Names of target kernels and what a prepared one offers to the other rooms.

import { homedir } from 'node:os';
import { resolve } from 'node:path';
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
  throw new LabError(
    'kernel.unsupported',
    `${text} is your own build tree, which can so far be booted, not built for`,
    {
      hint: `\`lpl vm up NAME --target ${text}\`; for livepatches choose a stock kernel (\`lpl target ls\`)`,
    },
  );
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

/** What it takes to build for the kernel as well. */
export type TargetKernel = BootableKernel & {
  /** Pristine source of exactly this version. */
  source: string;
  /** Prepared `O=` directory: stock .config, Module.symvers, utsrelease.h, scripts, objtool. Copied, never written to. */
  buildTree: string;
  /** What the configuration builds, see configured-objects.ts. */
  objects: string;
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
