// `npm run bench [COUNT]`: medians of what users wait for, as a table and as one line of JSON. Measures, never judges: machines
// are shared and noisy. Figures of a document come from here.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLab } from '../../lab/src/lab.ts';
import { operate } from '../support/operation.ts';
import { testTarget } from '../support/stock-kernel.ts';
import { openTestLab, startTestMachine, type TestLab } from '../support/test-machine.ts';

const root = join(import.meta.dirname, '../..');
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
  const resources = {
    guest: join(root, 'images/guest'),
    profiles: join(root, 'images/profiles'),
    examples: join(root, 'lab/examples'),
  };
  const lab = openLab({ paths: scratch.paths, resources });
  const examples = join(resources.examples, 'security-fixes');
  /** A build of a patch that was never built before: another constant in it each time. */
  const build = async (name: string, spoil: (patch: string, index: number) => string) => {
    const patch = await readFile(join(examples, `${name}.patch`), 'utf8');
    const run = async (index: number) => {
      const request = { patch: spoil(patch, index), patchName: `${name}.patch`, target: testTarget, replace: true };
      const { verdict, reasons } = await operate((ctx) => lab.build(request, ctx));
      if (verdict !== 'built') throw new Error(reasons[0]?.message);
    };
    await run(count);
    return run;
  };
  const builtIn = await build('vt-kdskbmeta-permission', (patch, index) =>
    patch.replace('-EPERM', `-EPERM - ${index}`),
  );
  const modular = await build('binfmt-misc-write-access', (patch, index) =>
    patch
      .replace('allow_write_access(e', `for (int i = 0; i < ${index + 2}; i++) barrier();\n+\t\t\tallow_write_access(e`)
      .replace('+161,10', '+161,11'),
  );
  const rows = [
    await measure('edit to .ko, one unit, built-in (vt_ioctl)', builtIn),
    await measure('edit to .ko, one unit, module (binfmt_misc)', modular),
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
