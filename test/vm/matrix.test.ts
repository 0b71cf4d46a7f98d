// A matrix through the lpl command, on a real stock kernel: killed in the middle and taken up, interrupted, in shards.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabEvent } from '../../lab/src/core/event.ts';
import type { MatrixSummary } from '../../lab/src/trial/matrix/write-reports.ts';
import { type CliLab, openCliLab } from '../support/lpl.ts';

const fixtures = join(import.meta.dirname, '../fixtures/scenarios');
const file = join(fixtures, 'small.matrix.yaml');

describe('lpl matrix', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab()));
  after(() => lab.close());

  const passed = (event: LabEvent) => event.type === 'cell' && event.state === 'pass';

  it('is taken up after SIGKILL without asking again, and a kernel that is nowhere is red by name', async () => {
    const out = join(lab.directory, 'small');
    const killed = lab.start('matrix', file, '--out', out, '-j', '1');
    const first = await killed.event(passed);
    assert.ok(first.type === 'cell');
    await killed.event((event) => event.type === 'cell' && event.state === 'running' && event.cell !== first.cell);
    killed.process.kill('SIGKILL');
    await killed.ended;

    const resumed = lab.start('matrix', file, '--out', out, '-j', '2', '--resume');
    const { code, json, stderr } = await resumed.ended;
    const matrix = json as MatrixSummary;
    assert.equal(matrix.verdict, 'inconclusive', stderr.slice(-3000));
    assert.equal(code, 69);
    const ran = resumed.events.flatMap((event) =>
      event.type === 'cell' && event.state === 'running' ? event.cell : [],
    );
    assert.ok(!ran.includes(first.cell), 'what had a verdict is not run again');

    const of = (kernel: string) =>
      matrix.cells
        .filter((cell) => cell.kernel === kernel)
        .map(({ id, verdict, asExpected }) => [id, verdict, asExpected]);
    assert.deepEqual(of('newest'), [
      ['newest--harmless--short', 'pass', true],
      ['newest--harmless--one-cpu', 'pass', true],
      ['newest--does-not-compile-FAIL--short', 'fail', true],
      ['newest--does-not-compile-FAIL--one-cpu', 'fail', true],
    ]);
    assert.equal(of('nowhere').length, 4);
    assert.ok(of('nowhere').every(([, verdict, asExpected]) => verdict === 'inconclusive' && asExpected === false));
    const page = await readFile(matrix.report, 'utf8');
    for (const [, link = ''] of page.matchAll(/href="(cells[^"]+)"/g))
      assert.match(await readFile(join(out, link), 'utf8'), /aria-label="verdict"/);
    assert.deepEqual(await lab.qemus(), []);
  });

  it('ends when it is interrupted, and leaves no QEMU', async () => {
    const run = lab.start('matrix', file, '--out', join(lab.directory, 'interrupted'), '-j', '2');
    await run.event((event) => event.type === 'cell' && /^baseline/.test(event.doing ?? ''));
    run.process.kill('SIGINT');
    assert.equal((await run.ended).code, 130);
    assert.deepEqual(await lab.qemus(), []);
  });

  it('runs in shards that lpl merge puts together, each cell once', async () => {
    const shards = [1, 2].map((index) => join(lab.directory, `shard-${index}`));
    // Of two shards the second has the kernel that is nowhere.
    const second = await lab.run('matrix', file, '--out', shards[1] ?? '', '--shard', '2/2');
    assert.equal(second.code, 69);
    const out = join(lab.directory, 'merged');
    const { code, json } = await lab.run('merge', shards[1] ?? '', join(lab.directory, 'small'), '--out', out);
    assert.equal(code, 2, 'a cell that was run twice is not counted twice');
    assert.match(JSON.stringify(json), /was run in/);
    const lone = await lab.run('merge', shards[1] ?? '', '--out', out);
    const { counts, cells } = lone.json as MatrixSummary;
    assert.deepEqual([lone.code, counts.cells, counts.inconclusive], [69, 8, 8]);
    assert.deepEqual(cells[0]?.reasons, ['nobody ran this cell']);
  });
});
