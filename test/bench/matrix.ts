// A matrix beside its cells one by one, each by `lpl trial --cold`: both as a user runs them, every process with its start.

import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { MatrixSummary } from '../../lab/src/lab.ts';
import { type CliLab, openCliLab } from '../support/lpl.ts';
import { type Row, rowOf } from './measure.ts';

const fixtures = join(import.meta.dirname, '../fixtures/patch');
const target = 'debian:trixie/cloud-amd64';
const patches = ['cmdline', 'version', 'two-units', 'uname'];
const workloads = [
  { name: 'two-cpus', cpus: 2 },
  { name: 'one-cpu', cpus: 1 },
  { name: 'soak', soakMs: 2000 },
  { name: 'small', memoryMiB: 384 },
  { name: 'large', memoryMiB: 768 },
];
const common = { baselineMs: 1000, soakMs: 500 };
/** How many of the cells are run one by one, from the first to the last: their mean stands for all. */
const sampled = 20;

type Size = { kernels: number; patches: number; workloads: number };

/** `count` cells: 60 are 3 kernels, 4 patches and 5 workloads; of less there are fewer kernels, patches, workloads, in this order. */
export async function benchMatrix(count: number, jobs?: number): Promise<Row[]> {
  const size = sizeOf(count);
  const lab = await openCliLab();
  try {
    for (const name of patches) await copyFile(join(fixtures, `${name}.patch`), join(lab.directory, `${name}.patch`));
    // What is made once for a kernel and a source file is made before: both sides find it at hand. Modules both build anew.
    console.error('kernels, snapshots and original objects ...');
    await runMatrix(lab, { ...size, patches: 1 }, 'snapshots');
    await runMatrix(lab, { ...size, workloads: 1 }, 'objects');
    console.error(`lpl matrix, ${count} cells ...`);
    // As many at once as the lab thinks fit, or as --jobs says.
    const whole = await runMatrix(lab, size, 'whole', ...(jobs ? ['-j', String(jobs)] : []));
    const { cells } = whole.matrix;
    assert.equal(cells.length, count);
    const alone: number[] = [];
    const runs = Math.min(sampled, count);
    for (let index = 0; index < runs; index++) {
      const cell = cells[Math.floor((index * count) / runs)];
      console.error(`a cell alone, ${index + 1} of ${runs} ...`);
      if (cell) alone.push(await runAlone(lab, cell));
    }
    const mean = alone.reduce((sum, ms) => sum + ms, 0) / alone.length;
    return [
      rowOf(`a cell alone, lpl trial --cold (${runs} of ${count} were run)`, 'ms', alone),
      rowOf(`lpl matrix, ${count} cells, cells per minute`, '/min', [(count * 60_000) / whole.ms]),
      rowOf('one by one takes so much longer (mean)', 'times', [(mean * count) / whole.ms], '>= 5'),
    ];
  } finally {
    await lab.close();
  }
}

async function runMatrix(lab: CliLab, size: Size, name: string, ...options: string[]) {
  const file = join(lab.directory, `${name}.matrix.yaml`);
  const matrix = {
    schema: 1,
    title: 'bench',
    kernels: Array.from({ length: size.kernels }, (_, back) => ({ name: `back-${back}`, target, back })),
    patches: patches.slice(0, size.patches).map((patch) => ({ title: patch, file: `${patch}.patch` })),
    workloads: workloads.slice(0, size.workloads),
    scenario: common,
  };
  await writeFile(file, stringify(matrix));
  const { code, json, stderr, ms } = await lab.run('matrix', file, '--out', join(lab.directory, name), ...options);
  const summary = json as unknown as MatrixSummary;
  const red = summary.cells?.find(({ asExpected }) => !asExpected);
  assert.equal(code, 0, red ? `${red.id}: ${red.verdict}: ${red.reasons.join('; ')}` : stderr.slice(-2000));
  return { matrix: summary, ms };
}

/** The scenario that the cell stands for, in milliseconds. */
async function runAlone(lab: CliLab, { patch, workload, release }: MatrixSummary['cells'][number]): Promise<number> {
  const { name: _name, ...fragment } = workloads.find(({ name }) => name === workload) ?? assert.fail(workload);
  const version = /^[\d.]*\d/.exec(release ?? '')?.[0];
  const scenario = {
    ...{ schema: 1, title: patch, target: `${target}@${version}`, control: 'none', ...common, ...fragment },
    patches: [{ title: patch, file: `${patch}.patch` }],
  };
  const file = join(lab.directory, 'alone.yaml');
  await writeFile(file, stringify(scenario));
  const { code, stderr, ms } = await lab.run('trial', file, '--cold');
  assert.equal(code, 0, stderr.slice(-2000));
  return ms;
}

function sizeOf(count: number): Size {
  const kernels = count >= 60 ? 3 : count >= 24 ? 2 : 1;
  const patchCount = count >= 8 ? 4 : count >= 4 ? 2 : 1;
  const workloadCount = count / patchCount / kernels;
  if (!Number.isInteger(workloadCount) || workloadCount > workloads.length)
    throw new Error(`${count} cells are no matrix here: take 60, 40, 32, 24, 20, 16, 12, 8, 6, 4 or less`);
  return { kernels, patches: patchCount, workloads: workloadCount };
}
