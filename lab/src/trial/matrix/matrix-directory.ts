// A matrix on disk. What is asked stands in plan.json from the beginning, what a cell said in its own directory from the moment it
// was known: whatever is killed, nothing that was found out is lost, and nothing that was not is forgotten.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../core/store.ts';
import { type CellResult, cellResultSchema } from './cell-result.ts';

export const matrixFiles = (directory: string) => ({
  plan: join(directory, 'plan.json'),
  result: join(directory, 'matrix.json'),
  html: join(directory, 'matrix.html'),
  markdown: join(directory, 'matrix.md'),
  junit: join(directory, 'junit.xml'),
  /** Livepatch modules, one for each kernel and patch. */
  modules: join(directory, 'modules'),
  cell: (id: string) => join(directory, 'cells', id),
  cellResult: (id: string) => join(directory, 'cells', id, 'cell.json'),
});

const planCell = cellResultSchema.pick({ id: true, kernel: true, patch: true, workload: true, expected: true }).extend({
  key: z.string(),
});

export const planSchema = z.object({
  schema: z.number(),
  title: z.string(),
  /** Path of the matrix file, where it was run. */
  file: z.string(),
  tool: z.string(),
  /** The same in all shards of one matrix. */
  key: z.string(),
  axes: z.object({
    kernels: z.array(z.object({ name: z.string(), target: z.string(), back: z.number() })),
    patches: z.array(z.object({ name: z.string(), title: z.string(), file: z.string() })),
    workloads: z.array(z.object({ name: z.string() })),
  }),
  cells: z.array(planCell),
  /** Which cells are to be run here: all of them without. */
  shard: z.object({ index: z.number(), count: z.number() }).optional(),
});

export type Plan = z.output<typeof planSchema>;

/** The plan of that directory; undefined when it has none. Throws `state.corrupt`, `state.newer-format`. */
export const readPlan = (directory: string): Promise<Plan | undefined> =>
  readJson(matrixFiles(directory).plan, planSchema);

/** What the cells of that directory said so far, by id. */
export async function readResults(directory: string): Promise<Map<string, CellResult>> {
  const ids = await readdir(join(directory, 'cells')).catch((): string[] => []);
  const results = await Promise.all(ids.map((id) => readJson(matrixFiles(directory).cellResult(id), cellResultSchema)));
  return new Map(results.flatMap((result) => (result ? [[result.id, result] as const] : [])));
}

/** The cells of a shard: a stretch of them, so that it has few kernels to prepare. `index` begins with 1. */
export function shardOf<T>(cells: readonly T[], shard: Plan['shard']): T[] {
  if (!shard) return [...cells];
  const border = (index: number) => Math.floor((cells.length * index) / shard.count);
  return cells.slice(border(shard.index - 1), border(shard.index));
}
