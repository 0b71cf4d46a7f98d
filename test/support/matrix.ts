// Matrices for tests that need no kernel: files on disk, and a runner that answers as it is told.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CellOutcome } from '../../lab/src/trial/matrix/cell-result.ts';
import { cellKey, readCellFiles } from '../../lab/src/trial/matrix/cell-files.ts';
import { readMatrix } from '../../lab/src/trial/matrix/matrix-file.ts';
import type { PlannedCell } from '../../lab/src/trial/matrix/run-matrix.ts';

/** Two kernels, two patches, two workloads; every cell is expected to pass, but `guard` is to be refused on `old`. */
export const matrixText = `schema: 1
title: Two by two by two
kernels:
  - { name: new, target: debian:trixie/cloud-amd64 }
  - { name: old, target: debian:trixie/cloud-amd64, back: 1, memoryMiB: 300 }
patches:
  - title: a fix
    file: fix.patch
    reproducer: fix.c
  - title: a guard
    file: guard.patch
workloads:
  - { name: quiet, cpus: 1 }
  - { name: busy, soakMs: 100 }
scenario: { baselineMs: 700 }
expect:
  - { patch: guard, kernel: old, refused: NP02 }
`;

export const fixPatch = `--- a/fs/x.c
+++ b/fs/x.c
@@ -10,3 +10,4 @@ int f(void)
 	one();
+	two();
 	three();
 	four();
`;

/** A directory with a matrix file and the files it names. */
export async function writeMatrix(text = matrixText): Promise<{ directory: string; file: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'lpl-matrix-'));
  const file = join(directory, 'two.matrix.yaml');
  await Promise.all([
    writeFile(file, text),
    writeFile(join(directory, 'fix.patch'), fixPatch),
    writeFile(join(directory, 'fix.c'), 'int main(void) { return 0; }\n'),
    writeFile(join(directory, 'guard.patch'), fixPatch.replace('two', 'guard')),
  ]);
  return { directory, file };
}

export async function plannedCells(file: string): Promise<PlannedCell[]> {
  const { cells } = await readMatrix(file);
  return Promise.all(cells.map(async (cell) => ({ ...cell, key: cellKey(cell, await readCellFiles(cell)) })));
}

export const outcome = (verdict: CellOutcome['verdict'], ...reasons: string[]): CellOutcome => ({
  verdict,
  reasons,
  figures: [],
  diagnostics: [],
  release: '6.12.1',
});
