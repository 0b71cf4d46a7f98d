// Runs the cells of a matrix, as many at once as the runner says, and keeps each result on disk the moment it is known.

import { mkdir, rm } from 'node:fs/promises';
import { asLabError } from '../../core/error.ts';
import { eachLimited } from '../../core/each-limited.ts';
import type { EventBody } from '../../core/event.ts';
import type { OpContext } from '../../core/operation.ts';
import { writeJson } from '../../core/store.ts';
import { type CellOutcome, type CellResult, inconclusive } from './cell-result.ts';
import { isExpected } from '../expectation.ts';
import { matrixFiles, readResults } from './matrix-directory.ts';
import type { Cell } from './matrix-file.ts';

/** Who runs cells: this machine (local-cells.ts) or others. */
export type CellRunner = {
  /** How many cells it takes at once. */
  atOnce: number;
  /** `uname -r` of the kernel a cell is about, where that is known beforehand: decides whether a result still counts. */
  releaseOf?: (cell: Cell) => Promise<string>;
  /** Leaves the cell's report and evidence in `directory`. What it throws makes the cell inconclusive. */
  run(cell: Cell, directory: string, ctx: OpContext): Promise<CellOutcome>;
  close?: () => Promise<void>;
};

export type PlannedCell = Cell & { key: string };

/** Results by id, those of an earlier run that still count among them. Rejects only when cancelled or unable to write. */
export async function runCells(
  cells: readonly PlannedCell[],
  runner: CellRunner,
  directory: string,
  ctx: OpContext,
): Promise<Map<string, CellResult>> {
  const kept = await resultsThatCount(cells, runner, directory);
  for (const cell of cells) {
    const result = kept.get(cell.id);
    ctx.emit(cellEvent(cell, result ? { ...result, kept: true } : { verdict: 'waiting' }));
  }
  const left = cells.filter(({ id }) => !kept.has(id));
  await eachLimited(left, runner.atOnce, async (cell) => {
    kept.set(cell.id, await runCell(cell, runner, directory, ctx));
  });
  return kept;
}

/** What could not be found out is asked again; so is what was found out about another kernel or of other files. */
async function resultsThatCount(
  cells: readonly PlannedCell[],
  { releaseOf }: CellRunner,
  directory: string,
): Promise<Map<string, CellResult>> {
  const found = await readResults(directory);
  const counting = new Map<string, CellResult>();
  for (const cell of cells) {
    const result = found.get(cell.id);
    if (!result || result.key !== cell.key || result.verdict === 'inconclusive') continue;
    const release = await releaseOf?.(cell).catch(() => 'unknown');
    if (release && release !== result.release) continue;
    // What is expected may have been written anew.
    counting.set(cell.id, { ...result, expected: cell.expected, asExpected: isExpected(cell.expected, result) });
  }
  return counting;
}

async function runCell(cell: PlannedCell, runner: CellRunner, directory: string, ctx: OpContext): Promise<CellResult> {
  ctx.signal.throwIfAborted();
  const files = matrixFiles(directory);
  const [startedAt, started] = [Date.now(), performance.now()];
  ctx.emit(cellEvent(cell, { verdict: 'running' }));
  await rm(files.cell(cell.id), { recursive: true, force: true });
  await mkdir(files.cell(cell.id), { recursive: true });
  const outcome = await runner.run(cell, files.cell(cell.id), quietly(cell, ctx)).catch((error: unknown) => {
    ctx.signal.throwIfAborted();
    const { message, hint } = asLabError(error);
    return inconclusive(hint ? `${message}: ${hint}` : message);
  });
  const { id, kernel, patch, workload, key, expected } = cell;
  const asExpected = isExpected(expected, outcome);
  const ms = Math.round(performance.now() - started);
  const result = { id, kernel, patch, workload, key, expected, asExpected, startedAt, ms, ...outcome };
  await writeJson(files.cellResult(id), result);
  ctx.emit(cellEvent(cell, result));
  return result;
}

/** Of all that a cell emits only what it is doing goes further: its own log has the rest. */
function quietly(cell: Cell, ctx: OpContext): OpContext {
  const emit = (event: EventBody) => {
    if (event.type === 'stage.start') ctx.emit(cellEvent(cell, { verdict: 'running', doing: event.title }));
    if (event.type === 'cell') ctx.emit(event);
  };
  return { signal: ctx.signal, stage: '', emit };
}

type CellState = Extract<EventBody, { type: 'cell' }>['state'];

/** The event that tells people where a cell is. */
export function cellEvent(
  { id, kernel, patch, workload }: Pick<Cell, 'id' | 'kernel' | 'patch' | 'workload'>,
  is: {
    verdict: CellState;
    doing?: string;
    asExpected?: boolean;
    reasons?: readonly string[];
    ms?: number;
    kept?: true;
  },
): EventBody {
  const { verdict: state, doing, asExpected, reasons, ms, kept } = is;
  const why = asExpected === false ? reasons?.[0] : undefined;
  return {
    type: 'cell',
    cell: id,
    kernel,
    patch,
    workload,
    state,
    ...(doing ? { doing } : {}),
    ...(asExpected === undefined ? {} : { asExpected }),
    ...(why ? { why } : {}),
    ...(ms === undefined ? {} : { ms }),
    ...(kept ? { kept } : {}),
  };
}
