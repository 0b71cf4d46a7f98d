// A private, writable view of a developer's tree, for tools that build a kernel where its source lies: an overlay, mounted in
// the sandbox's own namespace at the path of the source. What they write stays in the view for the next build; the tree below
// is never written to, and what changes in it shows through.

import { chmod, copyFile, cp, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Argv, Command, CommandOutput } from '../../core/command.ts';
import { LabError } from '../../core/error.ts';
import { withLock } from '../../core/lock.ts';
import type { StageContext } from '../../core/operation.ts';
import { readJson, writeJson } from '../../core/store.ts';
import { type Bind, inToolroot, type Toolroot } from '../../toolroot/sandbox.ts';

/** A tree whose kernel a tool builds anew. In-tree: `build` is `source`. */
export type ViewedTree = { name: string; source: string; build: string };

export type TreeView = {
  tree: ViewedTree;
  toolroot: Toolroot;
  /** Host directory of the view; `written` in it holds what was written, `tool` is the tool's own. */
  room: string;
};

/** Where things of the view appear inside the sandbox; the view itself is at the path of the source. */
export const insideView = { build: '/lpl/build', tool: '/lpl/view/tool', out: '/lpl/out' } as const;

/** What a killed build must not leave behind. */
const recordFile = z.object({
  /** Sources that builds in this view have patched, ever. */
  patched: z.array(z.string()),
  /** Those of the build that is running, or was killed. */
  unfinished: z.array(z.string()),
});

/** In the sandbox: mounts the overlay ($1: options, $2: where), and runs the rest there. */
const mountAndRun = 'mount -t overlay -o "$1" overlay "$2" && cd "$2" && shift 2 && exec "$@"';
/** mount(8): exit status of a mount that failed. */
const mountFailed = 32;

export type InView = { argv: Argv; out: string; binds?: readonly Bind[]; env?: Readonly<Record<string, string>> };

/** The command, run at the top of the view; any exit code is an answer. `out` appears as /lpl/out. Pure. */
export function inTreeView({ tree, toolroot, room }: TreeView, { argv, out, binds = [], env }: InView): Command {
  // Trusted attributes, which overlayfs uses otherwise, cannot be set in a user namespace (overlayfs.rst, userxattr).
  const lower = tree.build === tree.source ? '/lpl/source' : `${insideView.build}:/lpl/source`;
  const options = `lowerdir=${lower},upperdir=/lpl/view/written,workdir=/lpl/view/work,userxattr`;
  const command = { argv: ['sh', '-c', mountAndRun, 'view', options, tree.source, ...argv] as const, okCodes: anyCode };
  return inToolroot<CommandOutput>(command, {
    toolroot,
    user: 'namespace-root',
    binds: [
      { host: tree.source, inside: '/lpl/source', access: 'read' },
      { host: tree.build, inside: insideView.build, access: 'read' },
      { host: room, inside: '/lpl/view', access: 'write' },
      { host: join(room, 'mounted'), inside: tree.source, access: 'write' },
      { host: out, inside: insideView.out, access: 'write' },
      ...binds,
    ],
    // Without a user of that name kbuild's `whoami` complains.
    env: { KBUILD_BUILD_USER: 'lpl', KBUILD_BUILD_HOST: 'lpl', ...env },
  });
}

const anyCode = Array.from({ length: 256 }, (_, code) => code);

/** Throws `host.unwritable` when the command was not run because there is no overlay to be had. */
export function requireMounted({ room }: TreeView, { exitCode, stderr }: Pick<CommandOutput, 'exitCode' | 'stderr'>) {
  if (exitCode !== mountFailed || !stderr.startsWith('mount: ')) return;
  throw new LabError('host.unwritable', `${room} cannot be the upper layer of an overlay: ${stderr.trim()}`, {
    hint: 'set XDG_CACHE_HOME to a directory on ext4, xfs, btrfs or tmpfs',
  });
}

/**
 * Runs a build in the view, one at a time. `patched`: sources that it will change. They are as the tree has them when it
 * begins, whatever earlier builds left, killed or not.
 */
export async function withTreeView<T>(
  ctx: Pick<StageContext, 'signal' | 'waiting'>,
  view: TreeView,
  patched: readonly string[],
  build: () => Promise<T>,
): Promise<T> {
  const { room } = view;
  const onWait = (holder: string) => ctx.waiting(`the view of ${view.tree.name}, in use by ${holder}`);
  return withLock(room, { signal: ctx.signal, waitMs: hourMs, onWait }, async () => {
    for (const name of ['written', 'work', 'mounted', 'tool']) await mkdir(join(room, name), { recursive: true });
    const path = join(room, 'record.json');
    const record = (await readJson(path, recordFile)) ?? { patched: [], unfinished: [] };
    for (const file of record.patched) await takeFromTree(view, file, record.unfinished.includes(file));
    await takeMakefile(view);
    const all = [...new Set([...record.patched, ...patched])];
    await writeJson(path, { patched: all, unfinished: [...patched] });
    try {
      const result = await build();
      await writeJson(path, { patched: all, unfinished: [] });
      return result;
    } finally {
      await openWorkDirectory(room);
    }
  });
}

const hourMs = 3600_000;

/** overlayfs leaves a directory of mode 0 there, which only root could delete. */
async function openWorkDirectory(room: string): Promise<void> {
  await chmod(join(room, 'work/work'), 0o700).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/**
 * The file as the tree has it, when a build left another or when `anew`: then with a new time, so that make compiles again
 * what a patched or half-done compilation left.
 */
async function takeFromTree({ tree, room }: TreeView, file: string, anew: boolean): Promise<void> {
  const [below, above] = [join(tree.source, file), join(room, 'written', file)];
  const [wanted, have] = await Promise.all([contentOf(below), contentOf(above)]);
  if (have === undefined ? !anew : !anew && wanted?.equals(have)) return;
  await rm(above, { force: true });
  if (wanted === undefined) return;
  await mkdir(dirname(above), { recursive: true });
  await copyFile(below, above);
}

/** An O= directory has a Makefile of its own, which would call that of the source. */
async function takeMakefile({ tree, room }: TreeView): Promise<void> {
  if (tree.build === tree.source) return;
  await cp(join(tree.source, 'Makefile'), join(room, 'written/Makefile'), { preserveTimestamps: true });
}

function contentOf(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENXIO') return undefined;
    throw error;
  });
}
