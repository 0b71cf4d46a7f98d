// How a cell is shown in words and marks, the same in every format.

import { expectationWords } from '../../expectation.ts';
import type { CellResult } from '../cell-result.ts';
import type { MatrixResult } from '../matrix-result.ts';

export const redCells = ({ cells }: MatrixResult): CellResult[] => cells.filter(({ asExpected }) => !asExpected);

/** "fail", "refused as expected", "pass, expected fail: oops". */
export function cellWords({ verdict, asExpected, expected }: CellResult): string {
  if (verdict === 'not-affected') return 'not affected';
  if (asExpected) return verdict === 'pass' ? 'pass' : `${verdict} as expected`;
  if (expected.verdict === 'pass' || verdict === 'inconclusive') return verdict;
  return `${verdict}, expected ${expectationWords(expected)}`;
}

/** One line about the whole: "12 cells: 9 as expected, 2 not, 1 inconclusive". */
export function countWords({ counts }: MatrixResult): string {
  const { cells, expected, unexpected, inconclusive, notAffected } = counts;
  return [
    `${cells} ${cells === 1 ? 'cell' : 'cells'}: ${expected} as expected`,
    ...(unexpected ? [`${unexpected} not`] : []),
    ...(inconclusive ? [`${inconclusive} inconclusive`] : []),
    ...(notAffected ? [`${notAffected} not affected`] : []),
  ].join(', ');
}

/** Rows of the grid: a kernel and a patch each, with the cells in the order of the workloads; undefined: not of this shard. */
export function gridRows({
  axes,
  cells,
}: MatrixResult): { kernel: string; patch: string; cells: (CellResult | undefined)[] }[] {
  const at = new Map(cells.map((cell) => [[cell.kernel, cell.patch, cell.workload].join('\n'), cell]));
  return axes.kernels.flatMap(({ name: kernel }) =>
    axes.patches.flatMap(({ name: patch }) => {
      const row = axes.workloads.map(({ name }) => at.get([kernel, patch, name].join('\n')));
      return row.some(Boolean) ? [{ kernel, patch, cells: row }] : [];
    }),
  );
}

/** `uname -r` of what a name of the kernel axis was; the name itself when no cell got that far. */
export const releaseOf = ({ cells }: MatrixResult, kernel: string): string =>
  cells.find((cell) => cell.kernel === kernel && cell.release)?.release ?? kernel;
