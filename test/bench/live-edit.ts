// From an edit to what a live guest does, and what comes before the first edit.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadLivepatch } from '../../lab/src/klp/load-livepatch.ts';
import type { Lab } from '../../lab/src/lab.ts';
import { facade } from '../support/facade.ts';
import { operate } from '../support/operation.ts';
import { testTarget } from '../support/stock-kernel.ts';
import { startTestMachine, type TestLab } from '../support/test-machine.ts';
import { type Row, rowOf } from './measure.ts';

const { signal } = new AbortController();

export async function benchLiveEdits({ paths }: TestLab, count: number): Promise<Row[]> {
  const scratch = await mkdtemp(join(paths.cache, 'bench-'));
  try {
    const empty = facade({ ...paths, cache: join(scratch, 'empty') });
    const preparation = await timed(() => operate((ctx) => empty.prepareTarget(testTarget, ctx)));
    const first = await timed(() => build(empty, 1));
    return [
      rowOf('target preparation from nothing, packages fetched', 'ms', [preparation], '<= 90000'),
      rowOf('first build on a prepared target', 'ms', [first], '<= 6000'),
      ...(await timeEdits(paths, count)),
    ];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function timeEdits(paths: TestLab['paths'], count: number): Promise<Row[]> {
  const lab = facade(paths);
  const machine = await startTestMachine(paths, 'edits');
  const { guest } = machine;
  const seen: number[] = [];
  const patched: number[] = [];
  try {
    await build(lab, 0);
    for (let index = 1; index <= count; index++) {
      const started = performance.now();
      const { module, moduleName } = await build(lab, index);
      const content = await readFile(module ?? '');
      const loading = operate((ctx) => loadLivepatch({ guest, module: moduleName, content }, ctx));
      loading.catch(() => undefined);
      // A reader of its own each time, as a user's shell would start it.
      for (let says = ''; !says.includes(`lpl=${index} `);)
        says = (await guest.script('cat /proc/version', { signal })).stdout;
      seen.push(performance.now() - started);
      assert.equal((await loading).outcome, 'complete');
      patched.push(performance.now() - started);
    }
  } finally {
    await machine.stop();
  }
  return [
    rowOf('edit to new behaviour in a live guest', 'ms', seen, '<= 2000'),
    rowOf('edit to every task patched', 'ms', patched, '<= 3000'),
  ];
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return performance.now() - started;
}

/** A patch that was never built before: another number in it each time, and in the module's name. */
async function build(lab: Lab, index: number) {
  const patch = `--- a/fs/proc/version.c
+++ b/fs/proc/version.c
@@ -10,5 +10,6 @@
 static int version_proc_show(struct seq_file *m, void *v)
 {
+	seq_puts(m, "lpl=${index} ");
 	seq_printf(m, linux_proc_banner,
 		utsname()->sysname,
 		utsname()->release,
`;
  const request = { patch, patchName: `edit-${index}.patch`, target: testTarget, replace: true };
  const built = await operate((ctx) => lab.build(request, ctx));
  assert.equal(built.verdict, 'built', built.reasons[0]?.message);
  return built;
}
