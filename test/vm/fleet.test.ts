// The fleet on a real redis-server with worker processes: whatever dies, every cell ends exactly once, with a verdict.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLabError, LabError } from '../../lab/src/core/error.ts';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { connectRedis } from '../../lab/src/fleet/redis.ts';
import { type FleetState, showFleet } from '../../lab/src/fleet/show-fleet.ts';
import type { MatrixSummary } from '../../lab/src/trial/matrix/write-reports.ts';
import { type Fleet, killWorker, type Note, openTestFleet } from '../support/fleet.ts';
import { fixPatch } from '../support/matrix.ts';
import { openCliLab } from '../support/lpl.ts';
import { openNamespace } from '../support/network-namespace.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const verdicts = ({ cells }: MatrixSummary) => cells.map(({ verdict }) => verdict);
const reasonsOf = ({ cells }: MatrixSummary) => JSON.stringify(cells.map(({ reasons }) => reasons));
const allPassed = (matrix: MatrixSummary, count: number) => {
  assert.deepEqual(verdicts(matrix), Array<string>(count).fill('pass'), reasonsOf(matrix));
  assert.equal(new Set(matrix.cells.map(({ id }) => id)).size, count);
};

/** Pid of the worker whose answer was taken; its report has come with it. */
async function ranOn({ directory }: MatrixSummary, { id, figures }: MatrixSummary['cells'][number]): Promise<number> {
  const pid = Number(/ran on .*-(\d+)$/.exec(figures.join('\n'))?.[1]);
  assert.equal(await readFile(join(directory, 'cells', id, 'report.html'), 'utf8'), `report of ${id} by ${pid}`);
  return pid;
}

describe('the fleet', () => {
  let redis: RedisServer;
  let fleet: Fleet;
  before(async () => void (redis = await startRedis()));
  after(() => redis.close());
  beforeEach(async () => void (fleet = await openTestFleet(redis)));
  afterEach(() => fleet.close());

  it('runs every cell once on one of its workers, and brings results back whole', async () => {
    fleet.start(2, 2);
    const events: LabEvent[] = [];
    const matrix = await fleet.run('whole', { cells: 6, lastsMs: 200 }, {}, { events });
    allPassed(matrix, 6);
    assert.equal(fleet.notes().filter(({ what }) => what === 'begin').length, 6);
    for (const cell of matrix.cells) {
      await ranOn(matrix, cell);
      assert.deepEqual(cell.reasons, [fixPatch], 'the patch has come to the worker');
    }
    assert.ok(
      events.some((event) => event.type === 'cell' && event.doing?.startsWith('at ')),
      'progress is live',
    );
  });

  it('gives the cells of a worker that was killed to another, and counts none twice', async () => {
    fleet.start(2, 1);
    const running = fleet.run('killed', { cells: 4, lastsMs: 'held' });
    await fleet.until('a cell to begin', (notes) => notes.length > 0);
    const [victim] = fleet.notes();
    assert.ok(victim);
    killWorker(victim.pid);
    await fleet.release();
    allPassed(await running, 4);
    const begins = fleet.notes().filter(({ what, id }) => what === 'begin' && id === victim.id);
    assert.equal(begins.length, 2, 'begun again by another');
    assert.equal(fleet.notes().filter(({ what, id }) => what === 'end' && id === victim.id).length, 1);
  });

  it('survives a Redis that is killed and started again', async () => {
    fleet.start(2, 1);
    const running = fleet.run('restarted', { cells: 6, lastsMs: 700 });
    await fleet.until('a cell to end', (notes) => notes.some(({ what }) => what === 'end'));
    await redis.restart();
    allPassed(await running, 6);
  });

  it('goes on without whoever started the matrix, who takes it up again', async () => {
    fleet.start(2, 1);
    const conductor = await openCliLab();
    try {
      const words = ['matrix', await fleet.write('left', { cells: 4, lastsMs: 700 }), '--fleet', redis.address.url];
      const killed = conductor.start(...words);
      await fleet.until('a cell to end', (notes) => notes.some(({ what }) => what === 'end'));
      killed.process.kill('SIGKILL');
      await killed.ended;
      await fleet.until('the others to end', (notes) => notes.filter(({ what }) => what === 'end').length === 4);
      const { code, json } = await conductor.run(...words, '--resume');
      assert.equal(code, 0);
      allPassed(json as MatrixSummary, 4);
      assert.equal(fleet.notes().filter(({ what }) => what === 'begin').length, 4, 'nothing was run twice');
    } finally {
      await conductor.close();
    }
  });

  it('does not count what a worker says that was cut off, and stops what it still does when it is back', async () => {
    const cable = await openNamespace(redis.port, redis.busybox);
    try {
      fleet.start(1, 3, cable.enter);
      const running = fleet.run('cut', { cells: 3, lastsMs: 'held', first: 'slow-at-first' });
      await fleet.until('its cells to begin', (notes) => notes.length === 3);
      cable.cut();
      await fleet.release();
      const lost = fleet.notes()[0]?.pid;
      const ofLost = (wanted: string) => fleet.notes().filter(({ what, pid }) => what === wanted && pid === lost);
      fleet.start(2, 1);
      const matrix = await running;
      allPassed(matrix, 3);
      for (const cell of matrix.cells) assert.notEqual(await ranOn(matrix, cell), lost);
      await fleet.until('it to finish some without a link', () => ofLost('end').length === 2);
      cable.mend();
      await fleet.until('it to hear that it is too late', () => ofLost('rejected').length >= 2);
      await fleet.until('it to stop what others have done', () => ofLost('cancelled').length === 1);
      assert.deepEqual((await showFleet(redis.address)).cells, { waiting: 0, running: 0 });
    } finally {
      await cable.close();
    }
  });

  it('gives a cell that kills its workers up, and runs the others', async () => {
    fleet.start(2, 1);
    const matrix = await fleet.run('killing', { cells: 2, lastsMs: 100, first: 'poison' });
    assert.deepEqual(verdicts(matrix), ['inconclusive', 'pass'], reasonsOf(matrix));
    assert.equal(matrix.verdict, 'inconclusive');
    assert.match(reasonsOf(matrix), /workers died/);
    const tries = fleet.notes().filter(({ what, id }) => what === 'begin' && id.includes('poison')).length;
    assert.ok(tries >= 2 && tries <= 3, `${tries} tries`);
  });

  it('ends every cell once while of three workers one is killed and one cut off, Redis restarts, and a cell is poison', async () => {
    const server = await startRedis('tls');
    const cable = await openNamespace(server.port, server.busybox);
    const secure = await openTestFleet(server);
    try {
      secure.start(1, 1, cable.enter);
      const running = secure.run('trouble', { cells: 9, lastsMs: 1000, first: 'poison' });
      const isBusy = (notes: Note[]) => notes.some(({ what, id }) => what === 'begin' && !id.includes('poison'));
      await secure.until('a cell to begin', isBusy);
      cable.cut();
      const cutOff = secure.notes().at(-1)?.pid ?? 0;
      secure.start(2, 1);
      const others = (notes: Note[]) => notes.filter(({ pid, id }) => pid !== cutOff && !id.includes('poison'));
      await secure.until('another to begin', (notes) => others(notes).some(({ what }) => what === 'begin'));
      killWorker(others(secure.notes()).at(-1)?.pid);
      await secure.until('another to end', (notes) => others(notes).some(({ what }) => what === 'end'));
      await server.restart();
      cable.mend();
      const matrix = await running;
      assert.deepEqual(verdicts(matrix), ['inconclusive', ...Array<string>(8).fill('pass')], reasonsOf(matrix));
      assert.equal(new Set(matrix.cells.map(({ id }) => id)).size, 9);
      for (const cell of matrix.cells.slice(1)) await ranOn(matrix, cell);
      assert.deepEqual((await showFleet(server.address)).cells, { waiting: 0, running: 0 });
    } finally {
      await secure.close();
      await cable.close();
      await server.close();
    }
  });

  it('sends again what Redis has forgotten', async () => {
    fleet.start(2, 1);
    const running = fleet.run('forgotten', { cells: 4, lastsMs: 500 });
    await fleet.until('a cell to end', (notes) => notes.some(({ what }) => what === 'end'));
    const connection = await connectRedis(redis.address);
    await connection.flushall();
    connection.disconnect();
    allPassed(await running, 4);
  });

  it('stops what runs when it is cancelled, and leaves nothing in the queue', async () => {
    fleet.start(1, 2);
    const cancel = new AbortController();
    const running = fleet.run('cancelled', { cells: 4, lastsMs: 60_000 }, {}, { signal: cancel.signal });
    await fleet.until('two cells to begin', (notes) => notes.length === 2);
    cancel.abort(new LabError('op.cancelled', 'cancelled'));
    await assert.rejects(running, (error) => isLabError(error, 'op.cancelled'));
    await fleet.until('both to stop', (notes) => notes.filter(({ what }) => what === 'cancelled').length === 2);
    allPassed(await fleet.run('next', { cells: 2, lastsMs: 10 }), 2);
    assert.equal(fleet.notes().filter(({ what, id }) => what === 'begin' && id.includes('cancelled')).length, 2);
  });

  it('runs what was cancelled when it is asked for again', async () => {
    fleet.start(1, 1);
    const cancel = new AbortController();
    const shape = { cells: 2, lastsMs: 50, first: 'slow-at-first' } as const;
    const running = fleet.run('again', shape, {}, { signal: cancel.signal });
    await fleet.until('the slow one to begin', (notes) => notes.some(({ id }) => id.includes('slow')));
    cancel.abort(new LabError('op.cancelled', 'cancelled'));
    await assert.rejects(running, (error) => isLabError(error, 'op.cancelled'));
    await fleet.until('it to stop', (notes) => notes.some(({ what }) => what === 'cancelled'));
    allPassed(await fleet.run('again', shape, { resume: true }), 2);
  });

  it('tells who works and what they can run, when it is asked', async () => {
    fleet.start(1, 3);
    const lab = await openCliLab();
    try {
      const running = fleet.run('shown', { cells: 4, lastsMs: 'held' });
      await fleet.until('three to begin', (notes) => notes.length === 3);
      const { code, json } = await lab.run('fleet', 'ls', '--redis', redis.address.url);
      assert.equal(code, 0);
      const { workers, cells } = json as unknown as FleetState;
      const own = workers.find(({ id }) => id.endsWith(`-${fleet.notes()[0]?.pid}`));
      const { arch, kvm, jobs, cpus = 0, memoryMiB = 0 } = own ?? {};
      assert.deepEqual(
        { arch, kvm, jobs, cells },
        { arch: 'x64', kvm: false, jobs: 3, cells: { waiting: 1, running: 3 } },
      );
      assert.ok(cpus > 0 && memoryMiB > 0);
      await fleet.release();
      allPassed(await running, 4);
    } finally {
      await lab.close();
    }
  });

  it('runs what is urgent first', async () => {
    fleet.start(1, 1);
    const slow = fleet.run('slow', { cells: 4, lastsMs: 'held' });
    await fleet.until('the first to begin', (notes) => notes.length > 0);
    const urgent = fleet.run('urgent', { cells: 1, lastsMs: 10 }, { priority: 1 });
    await fleet.until('the others to wait', async () => (await showFleet(redis.address)).cells.waiting === 4);
    await fleet.release();
    await Promise.all([slow, urgent]);
    const begun = fleet.notes().filter(({ what }) => what === 'begin');
    assert.match(begun[1]?.id ?? '', /urgent/);
  });

  it('says of a cell that no worker could run what it wants', async () => {
    fleet.start(1, 1);
    const { cells } = await fleet.run('kvm', { cells: 1, lastsMs: 10 }, { kvm: true, patienceMs: 3000 });
    assert.deepEqual(
      cells.map(({ verdict }) => verdict),
      ['inconclusive'],
    );
    assert.match(cells[0]?.reasons.join() ?? '', /no worker that could run it \(x64, 512 MiB, KVM\)/);
  });

  it('is not open to those without the password, nor to what is no Redis', async () => {
    const url = redis.address.url.replace(/:[^@/]+@/, ':wrong@');
    const unreachable = (error: unknown) =>
      isLabError(error, 'fleet.unreachable') && !error.message.includes('wrong') && !error.message.includes('\n');
    await assert.rejects(connectRedis({ url }), unreachable);
    await assert.rejects(connectRedis({ url: 'redis://127.0.0.1:1' }), unreachable);
    await assert.rejects(connectRedis({ url: 'http://x' }), (error) => isLabError(error, 'usage.invalid'));
  });

  it('works over TLS, with an authority of its own and not without', async () => {
    const server = await startRedis('tls');
    const secure = await openTestFleet(server);
    try {
      secure.start(1, 1);
      allPassed(await secure.run('tls', { cells: 1, lastsMs: 10 }), 1);
      await assert.rejects(connectRedis({ url: server.address.url }), (error) =>
        isLabError(error, 'fleet.unreachable'),
      );
    } finally {
      await secure.close();
      await server.close();
    }
  });

  it('runs real trials on three workers, one of which is killed with its guest in the middle of one', async () => {
    const conductor = await openCliLab();
    const machines = [await openCliLab(), await openCliLab(), await openCliLab()];
    const workers = machines.map((lab) => lab.start('worker', '--redis', redis.address.url, '-j', '1'));
    try {
      const file = join(import.meta.dirname, '../fixtures/scenarios/small.matrix.yaml');
      const running = conductor.start('matrix', file, '--fleet', redis.address.url);
      const isWatched = (event: LabEvent) => event.type === 'cell' && /^baseline /.test(event.doing ?? '');
      const { cell } = (await running.event(isWatched)) as Extract<LabEvent, { type: 'cell' }>;
      const guests = await Promise.all(machines.map((lab) => lab.qemus()));
      const victim = guests.findIndex((found) => found.length > 0);
      assert.ok(victim >= 0, 'whose trial is watched has a guest');
      workers[victim]?.process.kill('SIGKILL');
      const { code, json } = await running.ended;
      const matrix = json as MatrixSummary;
      assert.equal(code, 69, 'one of its kernels is nowhere');
      assert.deepEqual(
        matrix.cells.map(({ kernel, verdict }) => `${kernel} ${verdict}`),
        ['pass', 'pass', 'fail', 'fail']
          .map((verdict) => `newest ${verdict}`)
          .concat(Array<string>(4).fill('nowhere inconclusive')),
      );
      const page = await readFile(join(matrix.directory, 'cells', cell, 'report.html'), 'utf8');
      assert.match(page, /aria-label="verdict"/);
      assert.deepEqual(await machines[victim]?.qemus(), [], 'its guest went with it');
      const left = workers.filter((_, index) => index !== victim);
      for (const { process: worker } of left) worker.kill('SIGINT');
      setTimeout(() => left.forEach(({ process: worker }) => worker.kill('SIGKILL')), 120_000).unref();
      const codes = await Promise.all(left.map(async ({ ended }) => (await ended).code));
      assert.deepEqual(codes, [0, 0], 'a worker that is told to stop has done what it should');
    } finally {
      for (const { process: worker } of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map(({ ended }) => ended));
      for (const lab of [conductor, ...machines]) await lab.close();
    }
  });
});
