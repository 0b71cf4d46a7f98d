// From what the cells said to what the matrix says: pure. A cell nobody ran is red.

import { type CellResult, inconclusive } from './cell-result.ts';
import { type Plan, shardOf } from './matrix-directory.ts';

export type MatrixVerdict = 'pass' | 'fail' | 'refused' | 'inconclusive';

/** matrix.json. Paths in it are relative to it; times in milliseconds. */
export type MatrixResult = Pick<Plan, 'title' | 'tool' | 'axes' | 'shard'> & {
  schema: 1;
  verdict: MatrixVerdict;
  counts: {
    cells: number;
    /** Came out as expected. */
    expected: number;
    unexpected: number;
    notAffected: number;
    inconclusive: number;
  };
  cells: CellResult[];
};

/** Every cell of the plan exactly once, in its order. */
export function matrixResult(plan: Plan, results: ReadonlyMap<string, CellResult>): MatrixResult {
  const cells = shardOf(plan.cells, plan.shard).map((cell) => results.get(cell.id) ?? neverRan(cell));
  const { title, tool, axes, shard } = plan;
  const count = (wanted: (cell: CellResult) => boolean) => cells.filter(wanted).length;
  return {
    schema: 1,
    title,
    tool,
    axes,
    ...(shard ? { shard } : {}),
    verdict: judgeCells(cells),
    counts: {
      cells: cells.length,
      expected: count(({ asExpected, verdict }) => asExpected && verdict !== 'not-affected'),
      unexpected: count(({ asExpected, verdict }) => !asExpected && verdict !== 'inconclusive'),
      notAffected: count(({ verdict }) => verdict === 'not-affected'),
      inconclusive: count(({ verdict }) => verdict === 'inconclusive'),
    },
    cells,
  };
}

/** The gravest: a surprise that is known before one that is not. A matrix that asked nothing has not passed. */
export function judgeCells(cells: readonly Pick<CellResult, 'verdict' | 'asExpected'>[]): MatrixVerdict {
  const surprises = cells.filter(({ asExpected }) => !asExpected).map(({ verdict }) => verdict);
  if (surprises.some((verdict) => verdict === 'fail' || verdict === 'pass')) return 'fail';
  if (surprises.includes('refused')) return 'refused';
  if (surprises.length > 0 || cells.every(({ verdict }) => verdict === 'not-affected')) return 'inconclusive';
  return 'pass';
}

function neverRan(cell: Plan['cells'][number]): CellResult {
  return { ...inconclusive('nobody ran this cell'), ...cell, asExpected: false, startedAt: 0, ms: 0 };
}
