// Cells of one matrix as runs of tests: one `lpl matrix` over those that were asked for. One that came out as
// expected is told at once, the others with what their reports say.

import { type TestItem, TestMessage, Uri } from 'vscode';
import { type LabEvent, type MatrixSummary, runOperation, showArgv } from 'livepatch-lab';
import { listener, speaker, tellError, type TestTurn } from './test-turn.ts';
import { messagesOf } from './trial-messages.ts';

/** Whether the item is a cell of a matrix. */
export const isCell = (item: TestItem): boolean => item.parent !== undefined;

const idOf = ({ id, uri }: TestItem) => id.slice(`${uri?.toString()}#`.length);

/** `items`: cells of the same matrix. With a target only its cells are run, the others are skipped. */
export async function runCells(turn: TestTurn, items: readonly TestItem[]): Promise<void> {
  const { session, run, target, signal } = turn;
  const file = items[0]?.uri?.fsPath ?? '';
  const left = new Map(items.map((item) => [idOf(item), item]));
  const say = speaker(turn);
  try {
    const { cells } = await session.lab.matrixCells(file);
    const other = target ? cells.filter((cell) => !isOf(cell.target, target)) : [];
    for (const { id } of other) take(left, id, (item) => run.skipped(item));
    if (left.size === 0) return;
    const equivalent = showArgv(['lpl', 'matrix', file, '--only', ...left.keys()]);
    const hear = listener(turn, say);
    const emit = (event: LabEvent) => {
      hear(event);
      if (event.type !== 'cell') return;
      const { cell: id, state, asExpected, ms } = event;
      const item = left.get(id);
      if (item && state === 'running') run.started(item);
      if (asExpected && state !== 'not-affected') take(left, id, (passed) => run.passed(passed, ms));
    };
    const options = { name: `Matrix ${file}`, equivalent, signal, emit };
    const only = [...left.keys()];
    const summary = await runOperation(options, (ctx) => session.lab.matrix({ file, only }, ctx));
    for (const cell of summary.cells) take(left, cell.id, (item) => tell(turn, item, cell, cells));
    say(`report: ${summary.report}`);
  } catch (error) {
    for (const item of left.values()) tellError(turn, item, error);
  }
}

/** Calls `act` with the item of that cell, once. */
function take(left: Map<string, TestItem>, id: string, act: (item: TestItem) => void): void {
  const item = left.get(id);
  if (!item) return;
  left.delete(id);
  act(item);
}

const isOf = (name: string, series: string) => name === series || name.startsWith(`${series}@`);

type Cell = MatrixSummary['cells'][number];

/** As expected is passed, whatever the verdict; what was not found out is an error. */
function tell({ run }: TestTurn, item: TestItem, cell: Cell, known: readonly { id: string; file: string }[]): void {
  const { verdict, asExpected, ms } = cell;
  if (verdict === 'not-affected') return run.skipped(item);
  if (asExpected) return run.passed(item, ms);
  const patch = known.find(({ id }) => id === cell.id)?.file;
  const messages = messagesOfCell(item, cell, patch);
  if (verdict === 'inconclusive') run.errored(item, messages, ms);
  else run.failed(item, messages, ms);
}

/** What is known to be on a line of the patch is shown there. */
function messagesOfCell({ uri, range }: TestItem, cell: Cell, patch: string | undefined): TestMessage[] {
  const { diagnostics, reasons, verdict } = cell;
  const told = diagnostics.map(({ rule, message, hint, patchLine }) => {
    const shown = new TestMessage([`${rule}: ${message}`, hint].filter(Boolean).join('\n'));
    if (patch && patchLine) shown.location = messagesOf.at(Uri.file(patch), patchLine - 1);
    return shown;
  });
  const all = told.length > 0 ? told : [new TestMessage([verdict, ...reasons].join('\n'))];
  for (const message of all) if (uri) message.location ??= messagesOf.at(uri, range?.start.line ?? 0);
  return all;
}
