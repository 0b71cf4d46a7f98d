// Writes what a matrix said in every format, beside its cells.

import { writeJson, writeWhole } from '../../core/store.ts';
import { matrixFiles } from './matrix-directory.ts';
import type { MatrixResult } from './matrix-result.ts';
import { matrixJunit } from './report/matrix-junit.ts';
import { matrixMarkdown } from './report/matrix-markdown.ts';
import { matrixPage } from './report/matrix-page.ts';

/** `lpl matrix --json`: matrix.json, and where everything is. */
export type MatrixSummary = MatrixResult & { directory: string; /** The matrix file. */ file: string; report: string };

export async function writeReports(directory: string, file: string, matrix: MatrixResult): Promise<MatrixSummary> {
  const { result, html, junit, markdown } = matrixFiles(directory);
  await writeWhole(html, matrixPage(matrix));
  await writeWhole(junit, matrixJunit(matrix));
  await writeWhole(markdown, matrixMarkdown(matrix));
  await writeJson(result, matrix);
  return { ...matrix, directory, file, report: html };
}
