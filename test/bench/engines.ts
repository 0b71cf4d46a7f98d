// objdiff and, on the same small kernel in the same run, the tool that upstream has for it: klp-build (7.2), kpatch-build (6.12
// without IBT). First: on a kernel that is prepared, but for which nothing was built yet. Next: another patch after that.

import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildEngine } from '../../lab/src/build/result.ts';
import { klpBuild } from '../../lab/src/build/whole-kernel/klp-build.ts';
import { kpatchBuild } from '../../lab/src/build/whole-kernel/kpatch-build.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import type { Lab } from '../../lab/src/lab.ts';
import { readOwnTree } from '../../lab/src/kernel/own-tree.ts';
import { facade } from '../support/facade.ts';
import { operate } from '../support/operation.ts';
import type { TestLab } from '../support/test-machine.ts';
import { measure, type Row, rowOf } from './measure.ts';

const tiny = new URL('../../images/kconfig/tiny.config', import.meta.url).pathname;

/** Small kernels, one for each tool; what it needs beside the tiny configuration. */
const kernels = [
  { from: 'debian:trixie-backports/cloud-amd64@7.2', options: [] },
  {
    from: 'debian:trixie/cloud-amd64@6.12',
    options: ['CONFIG_DEBUG_KERNEL=y', 'CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y'],
  },
] as const;

/** `trees`: targets (tree:PATH) to measure on instead of the lab's own small kernels. */
export async function benchEngines(
  { paths }: TestLab,
  { count, trees }: { count: number; trees: readonly string[] },
): Promise<Row[]> {
  const scratch = await mkdtemp(join(paths.cache, 'bench-'));
  // Whoever ends it early finds no half-built kernel in the cache afterwards.
  const ended = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => ended.abort(new Error(`ended by ${name}`)));
  const { signal } = ended;
  try {
    // Everything prepared, and nothing built.
    const cache = join(scratch, 'cache');
    await mkdir(cache);
    for (const room of Object.keys(cacheRooms(paths)).filter((name) => name !== 'builds'))
      await symlink(join(paths.cache, room), join(cache, room));
    const lab = facade({ ...paths, cache });
    const targets =
      trees.length > 0 ? trees : await eachInTurn(kernels, (kernel) => tinyKernel(lab, scratch, kernel, signal));
    return (await eachInTurn(targets, (target) => benchTree(lab, target, { count, signal }))).flat();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function benchTree(
  lab: Lab,
  target: string,
  { count, signal }: { count: number; signal: AbortSignal },
): Promise<Row[]> {
  const { release, config } = await readOwnTree(target.replace(/^tree:/, ''));
  const peer = [klpBuild, kpatchBuild].find((tool) => tool.objection({ release, config }) === undefined)?.engine;
  if (!peer) throw new Error(`${target}: neither klp-build nor kpatch-build takes it`);
  await operate((ctx) => lab.prepareTarget(target, ctx), { signal });
  const build = (engine: BuildEngine, first: number) => async (index: number) => {
    const request = { patch: patchOf(first + index), patchName: 'bench.patch', target, engine, replace: true };
    const { verdict, reasons } = await operate((ctx) => lab.build(request, ctx), { signal });
    if (verdict !== 'built') throw new Error(`${engine}: ${reasons[0]?.message}`);
  };
  const timesOf = async (engine: BuildEngine) => [
    await measure(`${engine}, first patch, ${release}`, 1, build(engine, 0)),
    await measure(`${engine}, next patch, ${release}`, count, build(engine, 1)),
  ];
  const [own, theirs] = [await timesOf('objdiff'), await timesOf(peer)];
  return [...own, ...theirs, ...ratios(peer, own, theirs)];
}

async function eachInTurn<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

/** How many times as long the tool took. */
const ratios = (engine: string, own: readonly Row[], theirs: readonly Row[]): Row[] =>
  ['first', 'next'].map((which, index) =>
    rowOf(`${engine} to objdiff, ${which} patch`, 'times as long', [
      (theirs[index]?.median ?? 0) / (own[index]?.median ?? 1),
    ]),
  );

/** A patch that was never built before: another constant in it each time. */
const patchOf = (index: number) => `--- a/fs/proc/cmdline.c
+++ b/fs/proc/cmdline.c
@@ -8,6 +8,7 @@
 static int cmdline_proc_show(struct seq_file *m, void *v)
 {
 	seq_puts(m, saved_command_line);
+	seq_puts(m, " lpl=${index}");
 	seq_putc(m, '\\n');
 	return 0;
 }
`;

/** The target; built the first time (6 minutes on two cores). */
async function tinyKernel(
  lab: Lab,
  scratch: string,
  { from, options }: (typeof kernels)[number],
  signal: AbortSignal,
): Promise<string> {
  const config = join(scratch, `tiny${options.length > 0 ? '-more' : ''}.config`);
  await writeFile(config, [await readFile(tiny, 'utf8'), ...options, ''].join('\n'));
  return (await operate((ctx) => lab.kernelBuild({ from, config }, ctx), { signal })).target;
}
