// A matrix beside the same cells one by one, each with a cold boot and a build of its own.

import { mkdtemp, rm, writeFile, copyFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { facade } from '../support/facade.ts';
import { operate } from '../support/operation.ts';
import type { TestLab } from '../support/test-machine.ts';
import { type Row, rowOf } from './measure.ts';

const fixtures = join(import.meta.dirname, '../fixtures/patch');
const patches = ['cmdline', 'version', 'two-units', 'uname'];
const workloads = [
  { name: 'two-cpus', cpus: 2 },
  { name: 'one-cpu', cpus: 1 },
  { name: 'soak', soakMs: 2000 },
  { name: 'small', memoryMiB: 384 },
  { name: 'large', memoryMiB: 768 },
];
/** How many of the cells are run one by one: their mean stands for all. */
const sampled = 5;
/** Guests of these cells mostly wait. */
const jobs = 2 * availableParallelism();

/** `count` cells: 60 are 3 kernels, 4 patches and 5 workloads; of less there are fewer kernels, patches, workloads, in this order. */
export async function benchMatrix({ paths }: TestLab, count: number): Promise<Row[]> {
  const lab = facade(paths);
  const directory = await mkdtemp(join(tmpdir(), 'lpl-bench-'));
  try {
    const file = await writeMatrix(directory, count);
    // What every later run finds at hand is not what is measured.
    await run({ shard: { index: 1, count } }, 'warm');
    const whole = await run({ jobs }, 'whole');
    const alone: number[] = [];
    for (let index = 0; index < Math.min(sampled, count); index++) {
      const shard = { index: 1 + Math.floor((index * count) / sampled), count };
      alone.push(await run({ shard, jobs: 1, start: 'cold' }, `alone-${index}`));
    }
    const mean = alone.reduce((sum, ms) => sum + ms, 0) / alone.length;
    return [
      rowOf(`a cell alone, cold boot (${alone.length} of ${count})`, 'ms', alone),
      rowOf(`matrix of ${count} cells, ${jobs} at once, cells per minute`, '/min', [(count * 60_000) / whole]),
      rowOf('one by one with cold boots takes this much more, in hundredths', '%', [(100 * mean * count) / whole]),
    ];

    async function run(command: Partial<Parameters<typeof lab.matrix>[0]>, out: string): Promise<number> {
      const started = performance.now();
      const { verdict, cells } = await operate((ctx) =>
        lab.matrix({ file, out: join(directory, out), ...command }, ctx),
      );
      const red = cells.find(({ asExpected }) => !asExpected);
      if (verdict !== 'pass') throw new Error(`${red?.id}: ${red?.verdict}: ${red?.reasons.join('; ')}`);
      return performance.now() - started;
    }
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function writeMatrix(directory: string, count: number): Promise<string> {
  const patchCount = count >= 8 ? 4 : count >= 4 ? 2 : 1;
  const kernelCount = count >= 60 ? 3 : count >= 24 ? 2 : 1;
  const workloadCount = count / patchCount / kernelCount;
  if (!Number.isInteger(workloadCount) || workloadCount > workloads.length)
    throw new Error(`${count} cells are no matrix here: take 60, 40, 32, 24, 20, 16, 12, 8, 6, 4 or less`);
  for (const name of patches) await copyFile(join(fixtures, `${name}.patch`), join(directory, `${name}.patch`));
  const file = join(directory, 'bench.matrix.yaml');
  const matrix = {
    schema: 1,
    title: 'bench',
    kernels: Array.from({ length: kernelCount }, (_, back) => ({
      name: `back-${back}`,
      target: 'debian:trixie/cloud-amd64',
      back,
    })),
    patches: patches.slice(0, patchCount).map((name) => ({ title: name, file: `${name}.patch` })),
    workloads: workloads.slice(0, workloadCount),
    scenario: { baselineMs: 1000, soakMs: 500 },
  };
  await writeFile(file, stringify(matrix));
  return file;
}
