// The ground on which klp-build and kpatch-build stand, for real: a writable view of a tree that is never written to, the
// programs they call, and what they refuse. What they make of a patch takes them a whole kernel: `npm run bench engines`.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kpatchBuild } from '../../lab/src/build/whole-kernel/kpatch-build.ts';
import { toolPlaces } from '../../lab/src/build/whole-kernel/tool-places.ts';
import { inTreeView, requireMounted, type TreeView, withTreeView } from '../../lab/src/build/whole-kernel/tree-view.ts';
import type { Command } from '../../lab/src/core/command.ts';
import { isLabError } from '../../lab/src/core/error.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { runCommand } from '../../lab/src/core/process.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { readOwnTree } from '../../lab/src/kernel/own-tree.ts';
import { ensureScriptsRoot } from '../../lab/src/kernel/prepare-kernel.ts';
import { type CliLab, openCliLab } from '../support/lpl.ts';
import { operate } from '../support/operation.ts';
import { testBuildTree, testLabRoot, testTarget } from '../support/stock-kernel.ts';
import { inventory, tinyTree } from '../support/tiny-tree.ts';

const patch = join(import.meta.dirname, '../fixtures/patch/cmdline.patch');

describe('engines that build a whole kernel', function () {
  // The first time the tree must be built.
  this.timeout(1_800_000);
  let lab: CliLab;
  let tree: string;
  let view: TreeView;
  let scratch: string;
  before(async () => {
    lab = await openCliLab();
    tree = await tinyTree();
    scratch = await mkdtemp(join(tmpdir(), 'lpl-view-'));
    const { name, source } = await readOwnTree(tree);
    const { toolroot } = await testBuildTree();
    view = { tree: { name, source, build: tree }, toolroot, room: join(scratch, 'room') };
  });
  after(async () => {
    await rm(scratch, { recursive: true });
    await lab.close();
  });

  const signal = new AbortController().signal;

  /** A script of the sandbox's shell at the top of the view, as the tools are run. */
  async function inView(script: string, env: Readonly<Record<string, string>> = {}) {
    const scripts = await operate((ctx) => ensureScriptsRoot(ctx, cacheRooms(labPaths())));
    const { binds, path } = toolPlaces({ kpatch: await testLabRoot(), scripts });
    return inTreeView(view, { argv: ['sh', '-c', script], out: scratch, binds, env: { ...env, PATH: path } });
  }

  async function runIt(command: Command, stop = signal) {
    const ctx = { signal: stop, waiting: () => undefined };
    return withTreeView(ctx, view, ['fs/proc/cmdline.c'], () => runCommand(command, ctx));
  }

  const run = async (script: string) => runIt(await inView(script));

  it('write into a view, which keeps it, and never into tree or source', async () => {
    const source = join(view.tree.source, 'fs/proc');
    const before = [await inventory(tree), await inventory(source)];
    const first = await run(
      'ls Kconfig .config && rm -r fs/proc .config && mkdir fs/proc && echo new > fs/proc/new && ls fs/proc',
    );
    assert.deepEqual(first.stdout.split('\n').sort().join(' ').trim(), '.config Kconfig new', first.stderr);
    const second = await run('ls fs/proc; test -e .config; echo $?; head -n 1 Makefile');
    assert.equal(second.stdout, 'new\n1\n# SPDX-License-Identifier: GPL-2.0\n', second.stderr);
    assert.deepEqual([await inventory(tree), await inventory(source)], before);
    await rm(join(view.room, 'written'), { recursive: true });
  });

  it('find what they call', async () => {
    const said = await run(
      'gawk -V | head -1; getopt -V; lsdiff --version; recountdiff --version; getconf _NPROCESSORS_ONLN; kpatch-build --version',
    );
    for (const part of [
      /^GNU Awk/,
      /getopt from util-linux/,
      /^lsdiff - patchutils/m,
      /^recountdiff - patchutils/m,
      /^Version : /m,
    ])
      assert.match(said.stdout, part, said.stderr);
  });

  it('leave no process and no patch behind when they are cancelled', async () => {
    const stop = new AbortController();
    const command = await inView('echo patched > fs/proc/cmdline.c; echo > begun; exec sleep 4711');
    const running = runIt(command, stop.signal);
    const begun = join(view.room, 'written/begun');
    while (!(await stat(begun).catch(() => undefined))) await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort(new Error('enough'));
    await assert.rejects(running, /enough/);
    const argvs = await Promise.all(
      (await readdir('/proc')).filter(Number).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    );
    assert.deepEqual(
      argvs.filter((argv) => argv.startsWith('sleep\x004711')),
      [],
    );
    assert.match((await run('cat fs/proc/cmdline.c')).stdout, /seq_puts/);
  });

  it('say it when there is no overlay to be had', async () => {
    const command = await inView('true');
    const argv = command.argv.map((word) => word.replace('upperdir=/lpl/view/written', 'upperdir=/proc')) as [string];
    const ended = await runIt({ ...command, argv });
    assert.throws(
      () => requireMounted(view, ended),
      (error) => isLabError(error, 'host.unwritable'),
    );
  });

  it('are refused in one line for a kernel they are not for, with what kpatch-build itself says of it', async () => {
    const refuses = async (engine: string, target: string, why: RegExp) => {
      const built = await lab.run('build', patch, '--engine', engine, '--target', target);
      assert.equal(built.code, 2, built.stderr);
      assert.match(JSON.stringify(built.json), why);
    };
    await refuses('klp-build', `tree:${tree}`, /klp-build came with Linux 6\.19/);
    await refuses('kpatch-build', `tree:${tree}`, /kpatch-build wants CONFIG_DEBUG_INFO/);
    await refuses('kpatch-build', testTarget, /is a stock kernel/);
    await run(`cp /lpl/build/vmlinux vmlinux`);
    const given = {
      moduleName: 'livepatch_x',
      replace: true,
      jobs: 1,
      source: view.tree.source,
      isOriginalBuilt: false,
    };
    const { argv, env } = kpatchBuild.command(given);
    const said = await runIt(await inView(`echo > /lpl/out/livepatch_x.patch; ${argv.join(' ')}`, env));
    assert.match(said.stderr, /kernel doesn't have 'CONFIG_DEBUG_INFO' enabled/);
  });
});
