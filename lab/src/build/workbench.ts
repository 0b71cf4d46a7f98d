// The bench on which the livepatches of one kernel are made: its source and its build tree, seen inside the sandbox at the
// very paths of the originals, so that recorded commands and __FILE__ stay as they are. Of a stock kernel the build tree is a
// private copy, in which objects are made; in a developer's own they are there already, and nothing may write to it.

import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { contentKey, ensureArtefact } from '../core/artefact.ts';
import type { Argv, Command } from '../core/command.ts';
import { holdDirectory } from '../core/in-use.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import type { TargetKernel } from '../kernel/target.ts';
import { type Bind, inToolroot, type Toolroot } from '../toolroot/sandbox.ts';
import { sweepScratch } from './scratch.ts';

export type Workbench = {
  kernel: TargetKernel;
  /** Runs kpatch's tools. */
  labRoot: Toolroot;
  /** Directory with the unpacked kpatch-build package. */
  kpatch: string;
  /** Cache of everything made for this kernel. */
  room: string;
  /** Private copy of the build tree, for make to write into; a developer's own itself, which is only read. */
  tree: string;
};

/** Where the bench's directories appear inside the sandbox. */
export const inside = { out: '/lpl/out', kpatch: '/lpl/kpatch', tools: '/lpl/tools' } as const;

const format = 1;

/** Opens the bench, copying the build tree the first time (0.2 s), and clears away what killed builds left on it. */
export async function openWorkbench(
  ctx: OpContext,
  given: { kernel: TargetKernel; labRoot: Toolroot; kpatch: string; cache: string },
): Promise<Workbench> {
  const { kernel, labRoot, kpatch } = given;
  const key = contentKey({
    source: kernel.source,
    buildTree: kernel.buildTree,
    toolroot: kernel.toolroot.path,
    facts: kernel.facts,
    kpatch,
    format,
  });
  const room = join(given.cache, `${kernel.release}-${key}`);
  await holdDirectory(room, ctx.signal);
  await mkdir(room, { recursive: true });
  await sweepScratch(room);
  const tree = kernel.kind === 'tree' ? kernel.buildTree : await copyTree(ctx, room, kernel.buildTree);
  return { kernel, labRoot, kpatch, room, tree };
}

function copyTree(ctx: OpContext, room: string, buildTree: string): Promise<string> {
  return runStage(ctx, { id: 'tree', title: 'private copy of the build tree' }, (stage) =>
    ensureArtefact(stage, { room, label: 'tree', inputs: { of: basename(buildTree) } }, async (directory) => {
      const argv: Argv = ['cp', '-a', '--reflink=auto', `${buildTree}/.`, directory];
      await runCommand({ argv }, { signal: ctx.signal });
    }),
  );
}

export type OnBench = {
  argv: Argv;
  /** Host directory that appears as /lpl/out, writable. */
  out?: string;
  binds?: readonly Bind[];
  env?: Readonly<Record<string, string>>;
  stdin?: Uint8Array;
  okCodes?: readonly number[];
  /** Default 'read'; 'write' only for make in a private copy, under its lock. */
  tree?: 'read' | 'write';
};

/** A command of the kernel's own toolchain, run in its build tree. */
export function withToolchain(bench: Workbench, on: OnBench): Command {
  const { kernel, tree } = bench;
  return inToolroot(asCommand(on), {
    toolroot: kernel.toolroot,
    binds: [
      { host: kernel.source, access: 'read' },
      { host: tree, inside: kernel.buildTree, access: kernel.kind === 'tree' ? 'read' : (on.tree ?? 'read') },
      { host: join(bench.kpatch, 'usr/share/kpatch/patch'), inside: inside.kpatch, access: 'read' },
      ...outBinds(on),
    ],
    cwd: kernel.buildTree,
    // Without a user of that name kbuild's `whoami` complains.
    env: { KBUILD_BUILD_USER: 'lpl', KBUILD_BUILD_HOST: 'lpl', ...on.env },
  });
}

/** A command that only reads objects, such as pahole. */
export function withTools({ kernel }: Workbench, on: OnBench): Command {
  return inToolroot(asCommand(on), { toolroot: kernel.tools, binds: outBinds(on) });
}

/** One of kpatch's own tools (create-diff-object, create-klp-module). */
export function withKpatch(bench: Workbench, on: OnBench): Command {
  const [tool, ...args] = on.argv;
  return inToolroot(asCommand({ ...on, argv: [`${inside.tools}/${tool}`, ...args] }), {
    toolroot: bench.labRoot,
    binds: [
      { host: join(bench.kpatch, 'usr/lib/kpatch'), inside: inside.tools, access: 'read' },
      { host: bench.tree, inside: bench.kernel.buildTree, access: 'read' },
      ...outBinds(on),
    ],
    ...(on.env ? { env: on.env } : {}),
  });
}

function outBinds({ out, binds = [] }: OnBench): Bind[] {
  return [...(out ? [{ host: out, inside: inside.out, access: 'write' as const }] : []), ...binds];
}

function asCommand({ argv, stdin, okCodes }: OnBench): Command {
  return { argv, ...(stdin ? { stdin } : {}), ...(okCodes ? { okCodes } : {}) };
}
