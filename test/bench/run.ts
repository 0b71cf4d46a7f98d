// `npm run bench [COUNT]`: medians of what users wait for, as a table and as one line of JSON. Measures, never judges: machines
// are shared and noisy. Figures of a document come from here.

import { facade } from '../support/facade.ts';
import { operate } from '../support/operation.ts';
import { testTarget } from '../support/stock-kernel.ts';
import { openTestLab, startTestMachine, type TestLab } from '../support/test-machine.ts';

const count = Number(process.argv[2] ?? 5);

type Row = { name: string; unit: 'ms'; median: number; min: number; max: number; count: number };

async function measure(name: string, act: (index: number) => Promise<unknown>): Promise<Row> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    await act(index);
    times.push(Math.round(performance.now() - started));
  }
  times.sort((a, b) => a - b);
  const row = {
    name,
    unit: 'ms' as const,
    median: times[count >> 1] ?? 0,
    min: times[0] ?? 0,
    max: times.at(-1) ?? 0,
    count,
  };
  console.log(`${name.padEnd(46)} median ${row.median} ms  (${row.min} to ${row.max}, n = ${count})`);
  return row;
}

async function bench(scratch: TestLab): Promise<Row[]> {
  const lab = facade(scratch.paths);
  /** A build of a patch that was never built before: another constant in it each time. */
  const build = async (patchOf: (index: number) => string) => {
    const run = async (index: number) => {
      const request = { patch: patchOf(index), patchName: 'bench.patch', target: testTarget, replace: true };
      const { verdict, reasons } = await operate((ctx) => lab.build(request, ctx));
      if (verdict !== 'built') throw new Error(reasons[0]?.message);
    };
    await run(count);
    return run;
  };
  const builtIn = await build(
    (index) => `--- a/drivers/tty/vt/vt_ioctl.c
+++ b/drivers/tty/vt/vt_ioctl.c
@@ -410 +410,3 @@
 	case KDSKBMETA:
+		if (arg == ${1000 + index})
+			return -EPERM;
`,
  );
  const modular = await build(
    (index) => `--- a/fs/binfmt_misc.c
+++ b/fs/binfmt_misc.c
@@ -913 +913 @@
-	s = misc->enabled ? "enabled\\n" : "disabled\\n";
+	s = misc->enabled ? "enabled ${index}\\n" : "disabled\\n";
`,
  );
  const rows = [
    await measure('edit to .ko, one unit, built-in (vt_ioctl.c)', builtIn),
    await measure('edit to .ko, one unit, module (binfmt_misc.c)', modular),
    await measure('cold boot to ssh-ready, tiny guest, TCG', async (index) =>
      (await startTestMachine(scratch.paths, `bench-${index}`)).stop(),
    ),
  ];
  const machine = await startTestMachine(scratch.paths, 'bench');
  const { signal } = new AbortController();
  rows.push(await measure('command in the guest over ssh', () => machine.guest.exec(['true'], { signal })));
  await machine.stop();
  return rows;
}

const scratch = await openTestLab();
try {
  console.log(JSON.stringify({ schema: 1, node: process.version, rows: await bench(scratch) }));
} finally {
  await scratch.close();
}
