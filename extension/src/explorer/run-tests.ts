// What a run of the Test Explorer does with the items that were asked for: runs them, or one of them for a debugger.

import {
  type CancellationToken,
  l10n,
  type TestController,
  type TestItem,
  type TestRunRequest,
  workspace,
} from 'vscode';
import { debugMachine } from '../debug/kernel-debugger.ts';
import type { Session } from '../session.ts';
import { isCell, runCells } from './run-cells.ts';
import { runScenario } from './run-scenario.ts';
import { speaker, type TestTurn } from './test-turn.ts';

/** `target`: the kernel to run on, rather than what the files say. */
type Asked = { request: TestRunRequest; token: CancellationToken; target: string | undefined };

/** Scenarios one after the other; the cells of a matrix as `lpl matrix` runs them, as many at once as there is room for. */
export async function runTests(session: Session, controller: TestController, asked: Asked): Promise<void> {
  const { turn, wanted } = begin(session, controller, asked);
  const { run, signal } = turn;
  const turns = [
    ...wanted.filter((item) => !isCell(item)).map((item) => ({ items: [item], act: () => runScenario(turn, item) })),
    ...byMatrix(wanted).map((items) => ({ items, act: () => runCells(turn, items) })),
  ];
  for (const { items, act } of turns) {
    if (signal.aborted || !workspace.isTrusted) items.forEach((item) => run.skipped(item));
    else await act();
  }
  run.end();
  session.refreshViews();
}

/** The first scenario, on a machine that stays, with a debugger on its kernel; a debugger has one kernel, so the others are skipped. */
export async function debugTest(session: Session, controller: TestController, asked: Asked): Promise<void> {
  const { turn, wanted } = begin(session, controller, asked);
  const first = workspace.isTrusted ? wanted.find((item) => !isCell(item)) : undefined;
  const others = wanted.filter((item) => item !== first);
  others.forEach((item) => turn.run.skipped(item));
  if (first && others.length > 0) speaker(turn)(l10n.t('One scenario is debugged at a time: {0}.', first.label));
  const ended = first && (await runScenario({ ...turn, keep: true }, first));
  turn.run.end();
  session.refreshViews();
  if (!ended?.machine) return;
  session.selection.select(ended.machine);
  await debugMachine(ended.machine);
}

/** The run, and what is to be run in it. */
function begin(session: Session, controller: TestController, { request, token, target }: Asked) {
  const run = controller.createTestRun(request);
  const all = request.include ?? [...controller.items].map(([, item]) => item);
  const leaves = all.flatMap((item) => (item.children.size > 0 ? [...item.children].map(([, cell]) => cell) : [item]));
  const wanted = [...new Set(leaves)].filter((item) => !isExcluded(item, request.exclude ?? []));
  wanted.forEach((item) => run.enqueued(item));
  const abort = new AbortController();
  token.onCancellationRequested(() => abort.abort());
  const turn: TestTurn = { session, run, target, signal: abort.signal };
  return { turn, wanted };
}

const isExcluded = (item: TestItem, excluded: readonly TestItem[]) =>
  excluded.includes(item) || (item.parent !== undefined && excluded.includes(item.parent));

function byMatrix(items: readonly TestItem[]): TestItem[][] {
  const found = new Map<string, TestItem[]>();
  for (const item of items.filter(isCell)) {
    const key = item.uri?.toString() ?? '';
    found.set(key, [...(found.get(key) ?? []), item]);
  }
  return [...found.values()];
}
