// What stands against a patch, as annotations on its lines in a review (GitHub's workflow commands).

import { dirname, relative, resolve } from 'node:path';
import type { CellResult } from '../cell-result.ts';
import type { MatrixResult } from '../matrix-result.ts';
import { cellWords, redCells, releaseOf } from './cell-words.ts';

type Finding = { file: string; line: number; title: string; message: string; cells: CellResult[] };

/**
 * One annotation for each thing that is wrong, whichever and however many cells say it. `file`: the matrix file; paths are given
 * relative to `base`, the checkout.
 */
export function githubAnnotations(matrix: MatrixResult, file: string, base: string): string[] {
  const findings = new Map<string, Finding>();
  for (const cell of redCells(matrix)) {
    const patch = matrix.axes.patches.find(({ name }) => name === cell.patch);
    const path = relative(base, resolve(dirname(file), patch?.file ?? '.'));
    for (const { line, message } of findingsOf(cell)) {
      const key = JSON.stringify([path, line, message]);
      const known = findings.get(key) ?? { file: path, line, title: cellWords(cell), message, cells: [] };
      known.cells.push(cell);
      findings.set(key, known);
    }
  }
  return [...findings.values()].map(({ file, line, title, message, cells }) => {
    const where = cells.map(({ kernel, workload }) => `${releaseOf(matrix, kernel)} (${workload})`).join(', ');
    return `::error file=${property(file)},line=${line},title=${property(`livepatch: ${title}`)}::${data(`${message}\nOn ${where}`)}`;
  });
}

function findingsOf({ diagnostics, reasons }: CellResult): { line: number; message: string }[] {
  if (diagnostics.length === 0) return [{ line: 1, message: reasons[0] ?? 'no reason given' }];
  return diagnostics.map(({ rule, message, hint, patchLine }) => ({
    line: patchLine ?? 1,
    message: `${rule}: ${message}${hint ? `\n${hint}` : ''}`,
  }));
}

/** As the runner unescapes them (actions/toolkit, command.ts). */
const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
