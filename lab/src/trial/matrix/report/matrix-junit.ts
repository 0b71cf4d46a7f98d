// A matrix as JUnit XML, as CI servers read it: a suite for each kernel, a case for each cell.

import { xml } from '../../report/escape-text.ts';
import type { CellResult } from '../cell-result.ts';
import type { MatrixResult } from '../matrix-result.ts';
import { cellWords, releaseOf } from './cell-words.ts';

export function matrixJunit(matrix: MatrixResult): string {
  const suites = matrix.axes.kernels.flatMap(({ name }) => {
    const cells = matrix.cells.filter(({ kernel }) => kernel === name);
    return cells.length === 0 ? [] : [suite(releaseOf(matrix, name), cells)];
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(matrix.title)}" ${totals(matrix.cells)}>\n${suites.join('')}</testsuites>\n`;
}

function suite(name: string, cells: readonly CellResult[]): string {
  return `<testsuite name="${xml(name)}" ${totals(cells)}>\n${cells.map(testCase).join('')}</testsuite>\n`;
}

function totals(cells: readonly CellResult[]): string {
  const count = (wanted: (cell: CellResult) => boolean) => cells.filter(wanted).length;
  const failures = count(({ asExpected, verdict }) => !asExpected && verdict !== 'inconclusive');
  const errors = count(({ verdict }) => verdict === 'inconclusive');
  const skipped = count(({ verdict }) => verdict === 'not-affected');
  return `tests="${cells.length}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${seconds(cells.reduce((sum, { ms }) => sum + ms, 0))}"`;
}

function testCase(cell: CellResult): string {
  const { kernel, patch, workload, verdict, asExpected, reasons, figures, ms } = cell;
  const why = `message="${xml(`${cellWords(cell)}: ${reasons[0] ?? ''}`)}" type="${verdict}">${xml(reasons.join('\n'))}`;
  const outcome =
    verdict === 'inconclusive'
      ? `<error ${why}</error>`
      : !asExpected
        ? `<failure ${why}</failure>`
        : verdict === 'not-affected'
          ? `<skipped message="${xml(reasons[0] ?? '')}"/>`
          : '';
  const said = figures.length > 0 ? `<system-out>${xml(figures.join('\n'))}</system-out>` : '';
  return `<testcase classname="${xml(`${kernel}.${patch}`)}" name="${xml(workload)}" time="${seconds(ms)}">${outcome}${said}</testcase>\n`;
}

const seconds = (ms: number) => (ms / 1000).toFixed(3);
