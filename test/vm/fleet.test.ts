// The fleet on a real redis-server with worker processes: whatever dies, every cell ends exactly once, with a verdict.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLabError, LabError } from '../../lab/src/core/error.ts';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { connectRedis } from '../../lab/src/fleet/redis.ts';
import type { MatrixSummary } from '../../lab/src/trial/matrix/write-reports.ts';
import { type Fleet, openTestFleet } from '../support/fleet.ts';
import { fixPatch } from '../support/matrix.ts';
import { openCliLab } from '../support/lpl.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const verdicts = ({ cells }: MatrixSummary) => cells.map(({ verdict }) => verdict);
const allPassed = (matrix: MatrixSummary, count: number) => {
  assert.deepEqual(
    verdicts(matrix),
    Array<string>(count).fill('pass'),
    JSON.stringify(matrix.cells.map((c) => c.reasons)),
  );
  assert.equal(new Set(matrix.cells.map(({ id }) => id)).size, count);
};

describe('the fleet', function () {
  this.timeout(120_000);
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
    for (const { id, reasons, report = '' } of matrix.cells) {
      assert.equal(await readFile(join(matrix.directory, 'cells', id, report), 'utf8'), `report of ${id}`);
      assert.deepEqual(reasons, [fixPatch], 'the patch has come to the worker');
    }
    assert.ok(
      events.some((event) => event.type === 'cell' && event.doing?.startsWith('at ')),
      'progress is live',
    );
  });

  it('gives the cells of a worker that was killed to another, and counts none twice', async () => {
    fleet.start(2, 1);
    const running = fleet.run('killed', { cells: 4, lastsMs: 1500 });
    await fleet.until('a cell to begin', (notes) => notes.length > 0);
    const [victim] = fleet.notes();
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    allPassed(await running, 4);
    const begins = fleet.notes().filter(({ what, id }) => what === 'begin' && id === victim?.id);
    assert.equal(begins.length, 2, 'begun again by another');
    assert.equal(fleet.notes().filter(({ what, id }) => what === 'end' && id === victim?.id).length, 1);
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

  it('gives a cell that kills its workers up, and runs the others', async () => {
    fleet.start(2, 1);
    const matrix = await fleet.run('poisoned', { patches: ['poison', 'fix'], cells: 2, lastsMs: 100 });
    const of = (patch: string) => matrix.cells.filter((cell) => cell.patch === patch);
    assert.deepEqual(
      of('fix').map(({ verdict }) => verdict),
      ['pass'],
    );
    for (const { id, verdict, reasons } of of('poison')) {
      assert.equal(verdict, 'inconclusive');
      assert.match(reasons.join(), /workers died/);
      const tries = fleet.notes().filter((note) => note.what === 'begin' && note.id === id).length;
      assert.ok(tries >= 2 && tries <= 3, `${tries} tries`);
    }
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

  it('runs what is urgent first', async () => {
    fleet.start(1, 1);
    const slow = fleet.run('slow', { cells: 4, lastsMs: 600 });
    await fleet.until('the first to begin', (notes) => notes.length > 0);
    await fleet.run('urgent', { cells: 1, lastsMs: 10 }, { priority: 1 });
    const begun = fleet.notes().filter(({ what }) => what === 'begin');
    assert.ok(begun.length < 4, 'before most of what waited');
    await slow;
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

  it('runs real trials through two workers', async () => {
    const labs = [await openCliLab(), await openCliLab(), await openCliLab()] as const;
    const [conductor, ...machines] = labs;
    const workers = machines.map((lab) => lab.start('worker', '--redis', redis.address.url, '-j', '1'));
    try {
      const file = join(import.meta.dirname, '../fixtures/scenarios/small.matrix.yaml');
      const { code, json } = await conductor.run('matrix', file, '--fleet', redis.address.url);
      const matrix = json as MatrixSummary;
      assert.equal(code, 69, 'one of its kernels is nowhere');
      assert.deepEqual(
        matrix.cells.map(({ kernel, verdict }) => `${kernel} ${verdict}`),
        ['pass', 'pass', 'fail', 'fail']
          .map((verdict) => `newest ${verdict}`)
          .concat(Array<string>(4).fill('nowhere inconclusive')),
      );
      const page = await readFile(join(matrix.directory, 'cells/newest--harmless--short/report.html'), 'utf8');
      assert.match(page, /aria-label="verdict"/);
      for (const { process: worker } of workers) worker.kill('SIGINT');
      setTimeout(() => workers.forEach(({ process: worker }) => worker.kill('SIGKILL')), 15_000).unref();
      const codes = await Promise.all(workers.map(async ({ ended }) => (await ended).code));
      assert.deepEqual(codes, [0, 0], 'a worker that is told to stop has done what it should');
    } finally {
      for (const { process: worker } of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map(({ ended }) => ended));
      for (const lab of labs) await lab.close();
    }
  });
});
