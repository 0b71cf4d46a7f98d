// `lpl matrix`: from a matrix file to its reports, in a directory that an interrupted run can be taken up from.

import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { contentKey } from '../../core/artefact.ts';
import { LabError } from '../../core/error.ts';
import { withLock } from '../../core/lock.ts';
import type { OpContext } from '../../core/operation.ts';
import type { LabPaths } from '../../core/paths.ts';
import type { Site } from '../../core/site.ts';
import { writeJson } from '../../core/store.ts';
import { version } from '../../core/version.ts';
import { inFull, parseTarget } from '../../kernel/target-names.ts';
import { reapInstances } from '../../vm/reap-instances.ts';
import { cellsAtOnce } from './cells-at-once.ts';
import { cellKey, readCellFiles } from './cell-files.ts';
import { localCells } from './local-cells.ts';
import { matrixFiles, type Plan, readPlan, readResults, shardOf } from './matrix-directory.ts';
import { type Cell, type Matrix, readMatrix } from './matrix-file.ts';
import type { Scenario } from '../scenario.ts';
import { matrixResult } from './matrix-result.ts';
import { type CellRunner, type PlannedCell, runCells } from './run-matrix.ts';
import { type MatrixSummary, writeReports } from './write-reports.ts';

export type MatrixCommand = {
  file: string;
  /** Cells at once; default: what `cellsAtOnce` thinks fit. */
  jobs?: number;
  /** Take up the last run of this file, or the one in `out`. */
  resume?: boolean;
  shard?: Plan['shard'];
  /** Ids of the cells to run; the others are no part of the matrix then. Default: all. */
  only?: readonly string[];
  /** Where results go; default: a new directory of the lab's own. */
  out?: string;
  /** Default `snapshot`. */
  start?: 'snapshot' | 'cold';
};

export type MatrixCells = {
  title: string;
  /** `file`: of the patch, absolute. */
  cells: (Pick<Cell, 'id' | 'kernel' | 'patch' | 'workload' | 'expected'> & { target: string; file: string })[];
};

/** Makes what runs the cells; `directory` is that of the matrix. */
export type OpenRunner = (directory: string, ctx: OpContext) => CellRunner | Promise<CellRunner>;

/** Runs it here, or where `openRunner` says. Throws `matrix.invalid`, `usage.invalid`, `state.locked`, or when cancelled. */
export async function runMatrix(
  ctx: OpContext,
  site: Site,
  command: MatrixCommand,
  openRunner?: OpenRunner,
): Promise<MatrixSummary> {
  const matrix = await withTargetsInFull(site, only(await readMatrix(command.file), command.only));
  const cells = await withKeys(matrix);
  const directory = await chooseDirectory(site.paths, matrix, command);
  return withLock(directory, { signal: ctx.signal, waitMs: 0 }, async () => {
    const plan = planOf(matrix, cells, command.shard);
    await writeJson(matrixFiles(directory).plan, plan);
    await reapInstances(site.paths, ctx.signal);
    const { jobs = cellsAtOnce(cells, availableParallelism()), start = 'snapshot' } = command;
    const here = () => localCells({ site, jobs, start, modules: matrixFiles(directory).modules }, ctx);
    const runner = openRunner ? await openRunner(directory, ctx) : here();
    try {
      const results = await runCells(shardOf(cells, command.shard), runner, directory, ctx);
      return await writeReports(directory, matrix.path, matrixResult(plan, results));
    } catch (error) {
      throw ctx.signal.aborted ? await whenCancelled(directory, plan) : error;
    } finally {
      await runner.close?.();
    }
  });
}

/** Says how far it came, and how it goes on. */
async function whenCancelled(directory: string, plan: Plan): Promise<LabError> {
  const known = (await readResults(directory)).size;
  return new LabError(
    'op.cancelled',
    `cancelled: ${known} of ${shardOf(plan.cells, plan.shard).length} cells are known`,
    {
      hint: 'the same command with --resume runs the others',
    },
  );
}

/** Throws `usage.invalid` for a cell that there is not: nothing would be run, and nothing would be red. */
function only(matrix: Matrix, ids: readonly string[] = []): Matrix {
  if (ids.length === 0) return matrix;
  const unknown = ids.find((wanted) => !matrix.cells.some(({ id }) => id === wanted));
  if (unknown !== undefined)
    throw new LabError('usage.invalid', `${matrix.path} has no cell ${unknown}`, {
      hint: `\`lpl matrix ${matrix.path} --list\` names them`,
    });
  return { ...matrix, cells: matrix.cells.filter(({ id }) => ids.includes(id)) };
}

/** Other machines of a fleet know none of the short names here, and tomorrow one may stand for another target. */
async function withTargetsInFull({ paths }: Site, matrix: Matrix): Promise<Matrix> {
  const cells = matrix.cells.map(async (cell) => ({
    ...cell,
    target: { ...cell.target, name: inFull(await parseTarget(paths, cell.target.name)) },
  }));
  return { ...matrix, cells: await Promise.all(cells) };
}

/** The cells of a matrix file, and nothing is run. */
export async function listCells(file: string): Promise<MatrixCells> {
  const { title, cells } = await readMatrix(file);
  return {
    title,
    cells: cells.map(({ id, kernel, patch, workload, target, expected, scenario }) => {
      const [{ source }] = scenario.patches as [Scenario['patches'][number]];
      return { id, kernel, patch, workload, target: target.name, expected, file: source.path };
    }),
  };
}

const withKeys = ({ cells }: Matrix): Promise<PlannedCell[]> =>
  Promise.all(cells.map(async (cell) => ({ ...cell, key: cellKey(cell, await readCellFiles(cell)) })));

function planOf({ title, path, axes }: Matrix, cells: readonly PlannedCell[], shard: Plan['shard']): Plan {
  return {
    schema: 1,
    title,
    file: path,
    tool: `lpl ${version}`,
    key: contentKey(cells.map(({ key, expected }) => [key, expected])),
    axes,
    cells: cells.map(({ id, kernel, patch, workload, expected, key }) => ({
      id,
      kernel,
      patch,
      workload,
      expected,
      key,
    })),
    ...(shard ? { shard } : {}),
  };
}

/** Never one with results in it, unless they are to be taken up. */
async function chooseDirectory(paths: LabPaths, { path }: Matrix, { out, resume }: MatrixCommand): Promise<string> {
  const room = join(paths.state, 'matrices');
  if (out === undefined) {
    const last = resume ? await lastRunOf(room, path) : undefined;
    const time = new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-');
    return last ?? join(room, `${time}-${randomBytes(2).toString('hex')}`);
  }
  if (!resume && (await readPlan(out)))
    throw new LabError('usage.invalid', `${out} holds the results of a matrix already`, {
      hint: 'take them up with --resume, or give another directory',
    });
  return out;
}

async function lastRunOf(room: string, file: string): Promise<string | undefined> {
  const names = (await readdir(room).catch((): string[] => [])).sort().reverse();
  for (const name of names) if ((await readPlan(join(room, name)))?.file === file) return join(room, name);
  return undefined;
}
