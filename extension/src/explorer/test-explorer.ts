// Scenarios and matrices of the workspace in the Test Explorer: a trial of one is a run of its test, and so is each cell of a
// matrix. Verdicts are the lab's own history's.

import {
  type CancellationToken,
  type Disposable,
  l10n,
  RelativePattern,
  type TestController,
  type TestItem,
  type TestRunProfile,
  type TestRunRequest,
  TestRunProfileKind,
  tests,
  type Uri,
  workspace,
} from 'vscode';
import { settingsSection } from '../contributions.ts';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';
import { isCell, runCells } from './run-cells.ts';
import { runScenario } from './run-scenario.ts';
import { matrixTitle, scenarioTitle, titleLine } from './scenario-title.ts';
import type { TestTurn } from './test-turn.ts';

const most = 200;
const excluded = '**/{node_modules,dist,.git}/**';

/** Finds scenarios lazily, when the Test Explorer asks. */
export function createTestExplorer(session: Session): Disposable & { controller: TestController } {
  const controller = tests.createTestController('livepatchLab.scenarios', l10n.t('Livepatch scenarios'));
  const discovery = discover(session, controller);
  let profiles: TestRunProfile[] = [];
  const offer = () => {
    profiles.forEach((profile) => profile.dispose());
    profiles = runProfiles(session, controller);
  };
  offer();
  const parts = [
    controller,
    discovery,
    workspace.onDidChangeConfiguration((event) => event.affectsConfiguration(`${settingsSection}.targets`) && offer()),
    { dispose: () => profiles.forEach((profile) => profile.dispose()) },
  ];
  return { controller, dispose: () => parts.forEach((part) => void part.dispose()) };
}

/** As the files say, and one for each series of kernels in the settings. */
function runProfiles(session: Session, controller: TestController): TestRunProfile[] {
  const profile = (label: string, target: string | undefined) =>
    controller.createRunProfile(
      label,
      TestRunProfileKind.Run,
      (request, token) => runTests(session, controller, { request, token, target }),
      target === undefined,
    );
  return [
    profile(l10n.t('Run trial'), undefined),
    ...setting('targets').map((target) => profile(l10n.t('Run trial on {0}', target), target)),
  ];
}

function discover({ lab }: Session, controller: TestController): Disposable {
  const forget = (uri: Uri) => controller.items.delete(uri.toString());
  const look = async (uri: Uri) => {
    const text = Buffer.from(await workspace.fs.readFile(uri)).toString();
    const title = matrixTitle(text) ?? scenarioTitle(text);
    if (title === undefined) return forget(uri);
    const item = controller.createTestItem(uri.toString(), title, uri);
    item.range = titleLine(text);
    item.description = workspace.asRelativePath(uri);
    if (matrixTitle(text) !== undefined) item.children.replace(await cellItems(uri, item));
    controller.items.add(item);
  };
  const cellItems = async (uri: Uri, { range }: TestItem): Promise<TestItem[]> => {
    const { cells } = await lab.matrixCells(uri.fsPath);
    return cells.map(({ id, kernel, patch, workload }) => {
      const item = controller.createTestItem(`${uri.toString()}#${id}`, `${patch} · ${workload}`, uri);
      item.description = kernel;
      if (range) item.range = range;
      return item;
    });
  };
  const lookAt = (uri: Uri) => look(uri).catch(() => forget(uri));
  const lookAround = async () => {
    const found = await workspace.findFiles('**/*.{yaml,yml}', excluded, most);
    await Promise.all(found.map(lookAt));
  };
  controller.resolveHandler = (item) => (item ? undefined : lookAround());
  controller.refreshHandler = lookAround;
  const watchers = (workspace.workspaceFolders ?? []).flatMap((folder) => {
    const watcher = workspace.createFileSystemWatcher(new RelativePattern(folder, '**/*.{yaml,yml}'));
    const again = (uri: Uri) => void lookAt(uri);
    return [watcher, watcher.onDidCreate(again), watcher.onDidChange(again), watcher.onDidDelete(forget)];
  });
  return { dispose: () => watchers.forEach((part) => void part.dispose()) };
}

type Asked = { request: TestRunRequest; token: CancellationToken; target: string | undefined };

/** Scenarios one after the other; the cells of a matrix as `lpl matrix` runs them, as many at once as there is room for. */
async function runTests(
  session: Session,
  controller: TestController,
  { request, token, target }: Asked,
): Promise<void> {
  const run = controller.createTestRun(request);
  const all = request.include ?? [...controller.items].map(([, item]) => item);
  const leaves = all.flatMap((item) => (item.children.size > 0 ? [...item.children].map(([, cell]) => cell) : [item]));
  const wanted = [...new Set(leaves)].filter((item) => !isExcluded(item, request.exclude ?? []));
  wanted.forEach((item) => run.enqueued(item));
  const abort = new AbortController();
  token.onCancellationRequested(() => abort.abort());
  const turn: TestTurn = { session, run, target, signal: abort.signal };
  const turns = [
    ...wanted.filter((item) => !isCell(item)).map((item) => ({ items: [item], act: () => runScenario(turn, item) })),
    ...byMatrix(wanted).map((items) => ({ items, act: () => runCells(turn, items) })),
  ];
  for (const { items, act } of turns) {
    if (abort.signal.aborted || !workspace.isTrusted) items.forEach((item) => run.skipped(item));
    else await act();
  }
  run.end();
  session.refreshViews();
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
