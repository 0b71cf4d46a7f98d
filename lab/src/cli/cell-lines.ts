// What the cells of a matrix look like in the terminal: the grid, and the cells that run now. Pure, so that the look is tested.

import type { CellView, OpView } from '../core/progress.ts';
import { formatMs, type Paint } from './stage-lines.ts';

/** The line of a cell that has ended. */
export function cellLine(cell: Omit<CellView, 'startedAt'>, paint: Paint): string {
  const { state, asExpected, why, ms, kept } = cell;
  const word = asExpected && state !== 'pass' && state !== 'not-affected' ? `${state} as expected` : state;
  const time = kept ? ` ${paint('dim', 'kept')}` : ms ? ` ${paint('dim', formatMs(ms))}` : '';
  return `${markOf(cell, paint)} ${placeOf(cell)}: ${word}${time}${why ? `  ${paint('red', why)}` : ''}`;
}

/** How fast the cells begun since then went, times in milliseconds since the epoch; undefined when there was none. */
export function paceOf(cells: readonly { startedAt: number }[], since: number, now: number): string | undefined {
  const count = cells.filter(({ startedAt }) => startedAt >= since).length;
  if (count === 0) return undefined;
  const perMinute = ((count * 60_000) / Math.max(1, now - since)).toFixed(1);
  return `${count === 1 ? '1 cell' : `${count} cells`} in ${formatMs(now - since)}, ${perMinute} a minute`;
}

/** Grid and running cells; without the grid where it has no room, and empty when there is no matrix. */
export function matrixLines(
  { cells = [] }: OpView,
  now: number,
  paint: Paint,
  room: { columns: number; rows: number },
): string[] {
  if (cells.length === 0) return [];
  const running = cells
    .filter(({ state }) => state === 'running')
    .map(({ startedAt = now, doing = '', ...cell }) => {
      const head = `  ${placeOf(cell)} `;
      const tail = `${formatMs(now - startedAt)}  ${doing}`;
      return head.slice(0, room.columns - 1) + paint('dim', tail.slice(0, Math.max(0, room.columns - head.length - 1)));
    });
  const grid = gridLines(cells, paint, room.columns);
  const done = cells.filter(({ asExpected }) => asExpected !== undefined).length;
  const red = cells.filter(({ asExpected }) => asExpected === false).length;
  const sum = `${done} of ${cells.length} cells${red > 0 ? paint('red', `, ${red} not as expected`) : ''}`;
  return [...(grid.length + running.length + 1 <= room.rows ? grid : []), sum, ...running];
}

/** A row for each kernel and patch, a mark for each workload. */
function gridLines(cells: readonly CellView[], paint: Paint, columns: number): string[] {
  const rows = new Map<string, CellView[]>();
  for (const cell of cells) {
    const name = `${cell.kernel} · ${cell.patch}`;
    rows.set(name, [...(rows.get(name) ?? []), cell]);
  }
  const width = Math.max(...[...rows.keys()].map((name) => name.length));
  if (width + 2 * Math.max(...[...rows.values()].map(({ length }) => length)) + 3 > columns) return [];
  return [...rows].map(([name, row]) => `  ${name.padEnd(width)} ${row.map((cell) => markOf(cell, paint)).join(' ')}`);
}

const placeOf = ({ kernel, patch, workload }: Omit<CellView, 'startedAt'>) => `${kernel} · ${patch} · ${workload}`;

function markOf({ state, asExpected }: Pick<CellView, 'state' | 'asExpected'>, paint: Paint): string {
  if (state === 'waiting') return paint('dim', '·');
  if (state === 'running') return paint('cyan', '▸');
  if (state === 'not-affected') return paint('dim', '–');
  if (asExpected) return paint('green', '✔');
  return state === 'inconclusive' ? paint('red', '?') : paint('red', '✖');
}
