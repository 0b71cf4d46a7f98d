// Scenarios and matrices of the workspace in the Test Explorer: a trial of one is a run of its test, and so is each cell of a
// matrix. Verdicts are the lab's own history's.

import {
  type Disposable,
  l10n,
  RelativePattern,
  type TestController,
  type TestItem,
  type TestRunProfile,
  TestRunProfileKind,
  tests,
  TestTag,
  type Uri,
  workspace,
} from 'vscode';
import { settingsSection } from '../contributions.ts';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';
import { debugTest, runTests } from './run-tests.ts';
import { matrixTitle, scenarioTitle, titleLine } from './scenario-title.ts';

const most = 200;
const excluded = '**/{node_modules,dist,.git}/**';
/** Of items whose machine can be kept for a debugger. */
const debuggable = new TestTag('scenario');

export type TestExplorer = Disposable & {
  readonly controller: TestController;
  /** How tests can be run now. */
  readonly profiles: () => readonly TestRunProfile[];
};

/** Finds scenarios lazily, when the Test Explorer asks. */
export function createTestExplorer(session: Session): TestExplorer {
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
  return { controller, profiles: () => profiles, dispose: () => parts.forEach((part) => void part.dispose()) };
}

/** To run and to debug: as the files say, and on each series of kernels in the settings. */
function runProfiles(session: Session, controller: TestController): TestRunProfile[] {
  const profile = (label: string, act: typeof runTests, target?: string) =>
    controller.createRunProfile(
      label,
      act === debugTest ? TestRunProfileKind.Debug : TestRunProfileKind.Run,
      (request, token) => act(session, controller, { request, token, target }),
      target === undefined,
      act === debugTest ? debuggable : undefined,
    );
  return [
    profile(l10n.t('Run trial'), runTests),
    ...setting('targets').map((target) => profile(l10n.t('Run trial on {0}', target), runTests, target)),
    profile(l10n.t('Run trial, then debug its kernel'), debugTest),
    ...setting('targets').map((target) =>
      profile(l10n.t('Run trial on {0}, then debug its kernel', target), debugTest, target),
    ),
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
    else item.tags = [debuggable];
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
