// A fleet for tests: worker processes on a real Redis, started again when they die, as a service manager would.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { waitUntil } from '../../lab/src/core/wait.ts';
import { type FleetCommand, openFleet } from '../../lab/src/fleet/fleet-cells.ts';
import { runMatrix } from '../../lab/src/trial/matrix/matrix.ts';
import type { MatrixSummary } from '../../lab/src/trial/matrix/write-reports.ts';
import { fixPatch } from './matrix.ts';
import { operate } from './operation.ts';
import type { RedisServer } from './redis-server.ts';
import { testSite } from './test-site.ts';

/** `rejected`: what it said of a cell came too late, and was not taken. */
export type Note = { what: 'begin' | 'end' | 'cancelled' | 'rejected'; id: string; pid: number };

/** `lastsMs`: of each cell; `held`: until `release`. `first`: the kind of the first one (see fleet-worker.ts). */
type Shape = { cells: number; lastsMs: number | 'held'; first?: 'poison' | 'slow-at-first' };

export type Fleet = {
  /** What the workers wrote down. */
  notes(): Note[];
  until(what: string, wanted: (notes: Note[]) => boolean | Promise<boolean>): Promise<void>;
  /** `enter`: where they run (see network-namespace.ts). */
  start(count: number, jobs: number, enter?: readonly string[]): void;
  /** Lets cells end that are held, now and from now on. */
  release(): Promise<void>;
  /** Writes a matrix of so many cells; returns its path. */
  write(name: string, shape: Shape): Promise<string>;
  /** Writes it and runs it on the fleet. */
  run(
    name: string,
    shape: Shape,
    command?: Partial<FleetCommand> & { resume?: boolean },
    options?: { signal?: AbortSignal; events?: LabEvent[] },
  ): Promise<MatrixSummary>;
  close(): Promise<void>;
};

export async function openTestFleet(redis: RedisServer): Promise<Fleet> {
  const directory = await mkdtemp(join(tmpdir(), 'lpl-fleet-'));
  const log = join(directory, 'notes.ndjson');
  await writeFile(log, '');
  const released = join(directory, 'released');
  const children = new Set<ChildProcess>();
  let closed = false;
  const startOne = (jobs: number, enter: readonly string[]) => {
    const { url, caFile } = redis.address;
    const room = join(directory, 'room');
    const env = {
      ...{ FLEET_URL: url, FLEET_LOG: log, FLEET_JOBS: String(jobs), FLEET_ROOM: room, FLEET_CA: caFile },
      FLEET_RELEASE: released,
    };
    const worker = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'fleet-worker.ts')];
    const [program = '', ...args] = [...enter, ...worker];
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.add(child);
    child.once('exit', () => {
      children.delete(child);
      if (!closed) startOne(jobs, enter);
    });
  };
  const notes = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Note);
  const write: Fleet['write'] = async (name, { cells, lastsMs, first }) => {
    await writeFile(join(directory, 'fix.patch'), fixPatch);
    const isHeld = lastsMs === 'held';
    const kindOf = (index: number) => (first && index === 0 ? `${first}-` : isHeld ? 'held-' : '');
    const file = join(directory, `${name}.yaml`);
    const matrix = {
      schema: 1,
      title: name,
      kernels: ['debian:trixie/cloud-amd64'],
      patches: [{ title: 'fix', file: 'fix.patch' }],
      workloads: Array.from({ length: cells }, (_, index) => ({ name: `${kindOf(index)}${name}-${index}` })),
      scenario: { soakMs: isHeld ? 0 : lastsMs },
    };
    await writeFile(file, stringify(matrix));
    return file;
  };
  return {
    notes,
    until: async (what, wanted) => {
      const wait = { what, timeoutMs: 180_000, signal: new AbortController().signal };
      await waitUntil(wait, async () => ((await wanted(notes())) ? true : undefined));
    },
    start: (count, jobs, enter = []) => Array.from({ length: count }).forEach(() => startOne(jobs, enter)),
    release: () => writeFile(released, ''),
    write,
    run: async (name, shape, { resume = false, ...command } = {}, options = {}) => {
      const file = await write(name, shape);
      const site = testSite({ cache: directory, state: join(directory, 'state'), runtime: join(directory, 'run') });
      const fleet = { ...redis.address, ...command };
      return operate((ctx) => runMatrix(ctx, site, { file, resume }, (at) => openFleet(fleet, at)), options);
    },
    close: async () => {
      closed = true;
      const ends = [...children].map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ends);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A worker that the poison was quicker to kill is as dead. */
export function killWorker(pid: number | undefined): void {
  assert.ok(pid);
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
  }
}
