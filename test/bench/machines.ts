// How long machines take to be there, and what they cost the host.

import { readFile } from 'node:fs/promises';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { restoreMachine } from '../../lab/src/vm/restore-machine.ts';
import { saveMachine } from '../../lab/src/vm/save-machine.ts';
import { operate } from '../support/operation.ts';
import { startTestMachine, type TestLab } from '../support/test-machine.ts';
import { measure, type Row, rowOf } from './measure.ts';
import { benchTroubles } from './troubles.ts';

const { signal } = new AbortController();
const together = 8;

export async function benchMachines(lab: TestLab, count: number): Promise<Row[]> {
  // The snapshot is made before it is timed.
  await (await startTestMachine(lab.paths, 'first')).stop();
  return [
    await timeStarts(lab, 'cold', count),
    await timeStarts(lab, 'snapshot', count),
    ...(await eightAtOnce(lab)),
    ...(await oneMachine(lab, count)),
    ...(await benchTroubles(lab, count)),
  ];
}

const starts = {
  cold: { name: 'cold boot to ssh-ready, tiny guest', bar: '<= 4000' },
  snapshot: { name: 'restore to ssh-ready, tiny guest', bar: '<= 500' },
} as const;

async function timeStarts({ paths }: TestLab, start: keyof typeof starts, count: number): Promise<Row> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    const machine = await startTestMachine(paths, `bench-${index}`, { start });
    times.push(performance.now() - started);
    await machine.stop();
  }
  return rowOf(starts[start].name, 'ms', times, starts[start].bar);
}

async function eightAtOnce({ paths }: TestLab): Promise<Row[]> {
  const started = performance.now();
  const names = Array.from({ length: together }, (_, index) => `together-${index}`);
  const machines = await Promise.all(names.map((name) => startTestMachine(paths, name)));
  const took = performance.now() - started;
  const memory = await Promise.all(machines.map(memoryMiB));
  for (const machine of machines) await machine.stop();
  return [
    rowOf(`${together} machines at once from a snapshot, all ssh-ready`, 'ms', [took], '<= 8000'),
    rowOf(
      '  memory of one of them on the host, shared pages by share',
      'MiB',
      memory.map(({ share }) => share),
    ),
    rowOf(
      '  of it its own alone',
      'MiB',
      memory.map(({ own }) => own),
    ),
  ];
}

/** proc(5): Pss counts a page that n processes map as 1/n. */
async function memoryMiB({ run }: RunningMachine): Promise<{ share: number; own: number }> {
  const text = await readFile(`/proc/${run.process.pid}/smaps_rollup`, 'utf8');
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { share: kib('Pss') / 1024, own: (kib('Private_Dirty') + kib('Private_Clean')) / 1024 };
}

async function oneMachine({ paths }: TestLab, count: number): Promise<Row[]> {
  let machine = await startTestMachine(paths, 'one', { lifetime: 'kept' });
  const rows = [await measure('command in the guest over ssh', count, () => machine.guest.exec(['true'], { signal }))];
  rows.push(
    await measure("a user's snapshot of a running machine", count, (index) =>
      operate((ctx) => saveMachine(machine.files, `s${index}`, ctx)),
    ),
    await measure('back to it, ssh-ready', count, async () => {
      const restored = await operate((ctx) => restoreMachine(machine.files, undefined, ctx));
      await machine.detach();
      machine = restored;
    }),
  );
  await machine.stop();
  return rows;
}
