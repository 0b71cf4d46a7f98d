// A matrix as Markdown, for a pull request or the summary of a CI job.

import { markdown as plain } from '../../report/escape-text.ts';
import type { CellResult } from '../cell-result.ts';
import type { MatrixResult } from '../matrix-result.ts';
import { cellWords, countWords, gridRows, redCells, releaseOf } from './cell-words.ts';

/** Beyond this many red cells a reader goes to the report; GitHub keeps 1 MiB of a summary. */
const shownCells = 40;

export function matrixMarkdown(matrix: MatrixResult): string {
  const { title, axes, verdict } = matrix;
  const head = ['kernel', 'patch', ...axes.workloads.map(({ name }) => name)];
  const rows = gridRows(matrix).map(({ kernel, patch, cells }) => [
    releaseOf(matrix, kernel),
    patch,
    ...cells.map((cell) => (cell ? mark(cell) : '')),
  ]);
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(plain).join(' | ')} |`);
  const red = redCells(matrix);
  const more = red.length > shownCells ? [`- and ${red.length - shownCells} more`] : [];
  const list = [...red.slice(0, shownCells).map((cell) => `- ${explain(matrix, cell)}`), ...more];
  return [
    `## ${verdict === 'pass' ? '✅' : '❌'} ${plain(title)}: ${verdict}`,
    `${countWords(matrix)}.`,
    table.join('\n'),
    ...(list.length > 0 ? ['### What is not as expected', list.join('\n')] : []),
  ]
    .join('\n\n')
    .concat('\n');
}

function mark(cell: CellResult): string {
  if (cell.verdict === 'not-affected') return '➖ not affected';
  const sign = cell.asExpected ? '✅' : cell.verdict === 'inconclusive' ? '❓' : '❌';
  return `${sign} ${cellWords(cell)}`;
}

function explain(matrix: MatrixResult, cell: CellResult): string {
  const where = `**${plain(cell.patch)}** on ${plain(releaseOf(matrix, cell.kernel))}, ${plain(cell.workload)}`;
  return `${where}: ${plain(cellWords(cell))}: ${plain(cell.reasons.slice(0, 2).join('; '))}`;
}
