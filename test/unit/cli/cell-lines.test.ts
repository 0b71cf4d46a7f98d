import assert from 'node:assert/strict';
import { cellLine, matrixLines, paceOf } from '../../../lab/src/cli/cell-lines.ts';
import { paintFor } from '../../../lab/src/cli/stage-lines.ts';
import type { LabEvent } from '../../../lab/src/core/event.ts';
import { emptyOpView, reduceEvent } from '../../../lab/src/core/progress.ts';

const plain = paintFor(false);
type CellEvent = Extract<LabEvent, { type: 'cell' }>;

describe('the live table of a matrix', () => {
  const event = (patch: string, workload: string, rest: Partial<CellEvent>): CellEvent => ({
    ...{ type: 'cell', at: 1000, op: 'o', cell: `k--${patch}--${workload}`, kernel: 'k', patch, workload },
    ...{ state: 'waiting', ...rest },
  });
  const view = [
    ...['a', 'b'].flatMap((patch) => ['x', 'y'].map((workload) => event(patch, workload, {}))),
    event('a', 'x', { state: 'running' }),
    event('a', 'y', { state: 'running' }),
    event('a', 'x', { state: 'running', doing: 'baseline 2 s', at: 1500 }),
    event('a', 'y', { state: 'fail', asExpected: false, why: 'stall', ms: 900 }),
  ].reduce(reduceEvent, emptyOpView);

  it('has a row for each kernel and patch, and a line for each cell that runs', () => {
    assert.deepEqual(matrixLines(view, 3000, plain, { columns: 80, rows: 20 }), [
      '  k · a ▸ ✖',
      '  k · b · ·',
      '1 of 4 cells, 1 not as expected',
      '  k · a · x 2.0 s  baseline 2 s',
    ]);
  });

  it('leaves the grid out where it has no room', () => {
    assert.equal(matrixLines(view, 3000, plain, { columns: 80, rows: 3 }).length, 2);
    assert.ok(matrixLines(view, 3000, plain, { columns: 10, rows: 20 }).every((line) => line.length <= 32));
  });

  it('tells how a cell ended', () => {
    const cell = { cell: 'c', kernel: 'k', patch: 'a', workload: 'x', ms: 1500 };
    assert.equal(cellLine({ ...cell, state: 'pass', asExpected: true }, plain), '✔ k · a · x: pass 1.5 s');
    assert.equal(cellLine({ ...cell, state: 'pass', asExpected: true, kept: true }, plain), '✔ k · a · x: pass kept');
    assert.equal(
      cellLine({ ...cell, state: 'refused', asExpected: true }, plain),
      '✔ k · a · x: refused as expected 1.5 s',
    );
    const red = cellLine({ ...cell, state: 'inconclusive', asExpected: false, why: 'no room' }, plain);
    assert.equal(red, '? k · a · x: inconclusive 1.5 s  no room');
  });

  it('tells how fast this run was, and does not count what an earlier one did', () => {
    const cells = [100, 1000, 2000].map((startedAt) => ({ startedAt }));
    assert.equal(paceOf(cells, 1000, 31_000), '2 cells in 30.0 s, 4.0 a minute');
    assert.equal(paceOf(cells, 3000, 4000), undefined);
  });
});
