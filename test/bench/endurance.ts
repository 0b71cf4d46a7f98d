// Many starts in a row. Counts failures, and keeps the console of each.

import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asLabError } from '../../lab/src/core/error.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { prepareToBoot, resolveBootTarget } from '../../lab/src/kernel/boot-target.ts';
import type { BootableKernel } from '../../lab/src/kernel/target.ts';
import { instanceFiles } from '../../lab/src/vm/instance/instance-files.ts';
import type { MachineRequest } from '../../lab/src/vm/start-machine.ts';
import { operate } from '../support/operation.ts';
import { startTestMachine, type TestLab } from '../support/test-machine.ts';
import { type Row, rowOf } from './measure.ts';

/** What is booted in turn: kernels of three generations. */
const targets = [
  'debian:bookworm/cloud-amd64@6.1',
  'debian:trixie/cloud-amd64',
  'debian:trixie-backports/cloud-amd64@7.2',
] as const;

export async function benchEndurance(lab: TestLab, restores: number, boots: number): Promise<Row[]> {
  await (await startTestMachine(lab.paths, 'first')).stop();
  const rows = [await inARow(lab, 'restores to ssh-ready', restores, () => ({}))];
  const rooms = cacheRooms(labPaths());
  const kernels: BootableKernel[] = [];
  for (const name of targets)
    kernels.push(
      await operate(async (ctx) => {
        const target = await resolveBootTarget(ctx, { paths: labPaths(), rooms }, name);
        return (await prepareToBoot(ctx, rooms, target)).bootable;
      }),
    );
  const releases = kernels.map(({ release }) => release.replace(/[+-].*/, '')).join(', ');
  rows.push(
    await inARow(lab, `cold boots to ssh-ready (${releases})`, boots, (index) => {
      const kernel = kernels[index % kernels.length] as BootableKernel;
      return { start: 'cold', kernel };
    }),
  );
  return rows;
}

async function inARow(
  { paths }: TestLab,
  what: string,
  count: number,
  change: (index: number) => Partial<MachineRequest>,
): Promise<Row> {
  const times: number[] = [];
  const failures: string[] = [];
  const kept = join(labPaths().state, 'bench', `${new Date().toISOString().slice(0, 19)}`);
  for (let index = 0; index < count; index++) {
    const name = `run-${index}`;
    const started = performance.now();
    try {
      const machine = await startTestMachine(paths, name, change(index));
      times.push(performance.now() - started);
      await machine.stop();
      await machine.forget();
    } catch (error) {
      const log = join(kept, `${name}.log`);
      await mkdir(kept, { recursive: true });
      await copyFile(instanceFiles(paths, name).consoleLog, log).catch(() => undefined);
      failures.push(`${change(index).kernel?.release ?? ''} ${asLabError(error).message}; console: ${log}`);
    }
    if ((index + 1) % 20 === 0) console.log(`  ${what}: ${index + 1}, ${failures.length} failed`);
  }
  for (const failure of failures) console.log(`  FAILED ${failure}`);
  return rowOf(`${what}: ${failures.length} of ${count} failed`, 'ms', times);
}
