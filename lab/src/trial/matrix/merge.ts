// `lpl merge`: the shards of one matrix put together again. Every cell exactly once; one that no shard ran is red, by name.

import { cp, mkdir } from 'node:fs/promises';
import { LabError } from '../../core/error.ts';
import { writeJson } from '../../core/store.ts';
import type { CellResult } from './cell-result.ts';
import { matrixFiles, type Plan, readPlan, readResults } from './matrix-directory.ts';
import { matrixResult } from './matrix-result.ts';
import { type MatrixSummary, writeReports } from './write-reports.ts';

export type MergeCommand = { directories: readonly string[]; out: string };

/**
 * Copies cells and reports to `out`, which becomes a directory like that of a run. Throws `matrix.mismatch` when the
 * directories are not of one matrix, or two of them ran the same cell; `usage.invalid` when `out` holds results.
 */
export async function mergeMatrix({ directories, out }: MergeCommand): Promise<MatrixSummary> {
  if (await readPlan(out))
    throw new LabError('usage.invalid', `${out} holds the results of a matrix already`, { hint: 'give another --out' });
  const plan = await commonPlan(directories);
  const merged = new Map<string, CellResult>();
  const from = new Map<string, string>();
  for (const directory of directories) {
    for (const [id, result] of await readResults(directory)) {
      const other = from.get(id);
      if (other !== undefined)
        throw new LabError('matrix.mismatch', `${id} was run in ${other} and in ${directory}`, {
          hint: 'give each shard once',
        });
      if (!plan.cells.some((cell) => cell.id === id && cell.key === result.key)) continue;
      from.set(id, directory);
      merged.set(id, result);
    }
  }
  await mkdir(out, { recursive: true });
  for (const [id, directory] of from)
    await cp(matrixFiles(directory).cell(id), matrixFiles(out).cell(id), { recursive: true });
  await writeJson(matrixFiles(out).plan, plan);
  return writeReports(out, plan.file, matrixResult(plan, merged));
}

/** The plan that all share, without its shard. */
async function commonPlan(directories: readonly string[]): Promise<Plan> {
  let common: { plan: Plan; directory: string } | undefined;
  for (const directory of directories) {
    const plan = await readPlan(directory);
    if (!plan)
      throw new LabError('usage.invalid', `${directory} holds no results of a matrix`, {
        hint: 'give directories that `lpl matrix --out` wrote',
      });
    if (common && common.plan.key !== plan.key)
      throw new LabError('matrix.mismatch', `${directory} is not of the same matrix as ${common.directory}`, {
        hint: 'merge shards that ran the same files with the same lpl',
      });
    common ??= { plan, directory };
  }
  if (!common) throw new LabError('usage.invalid', 'nothing to merge', { hint: 'lpl merge DIR...' });
  const { shard: _shard, ...plan } = common.plan;
  return plan;
}
