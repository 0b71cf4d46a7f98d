// Scenarios of the workspace in the Test Explorer: a trial of one is a run of its test. Verdicts are the lab's own history's.

import type { Uri } from 'vscode';
import {
  type CancellationToken,
  type Disposable,
  RelativePattern,
  type TestController,
  type TestItem,
  TestMessage,
  type TestRun,
  type TestRunRequest,
  TestRunProfileKind,
  tests,
  workspace,
} from 'vscode';
import { asLabError, type LabEvent, runOperation, showArgv, type TrialSummary } from 'livepatch-lab';
import { eventLine } from '../operations/event-line.ts';
import type { Session } from '../session.ts';
import { scenarioTitle, titleLine } from './scenario-title.ts';
import { messagesOf } from './trial-messages.ts';

const most = 200;
const excluded = '**/{node_modules,dist,.git}/**';

/** Finds scenarios lazily, when the Test Explorer asks; runs them one after the other. */
export function createScenarioTests(session: Session): Disposable & { controller: TestController } {
  const controller = tests.createTestController('livepatchLab.scenarios', 'Livepatch scenarios');
  const look = async (uri: Uri) => {
    const text = Buffer.from(await workspace.fs.readFile(uri)).toString();
    const title = scenarioTitle(text);
    if (title === undefined) return controller.items.delete(uri.toString());
    const item = controller.createTestItem(uri.toString(), title, uri);
    item.range = titleLine(text);
    item.description = workspace.asRelativePath(uri);
    controller.items.add(item);
  };
  const lookAt = (uri: Uri) => void look(uri).catch(() => controller.items.delete(uri.toString()));
  const discover = async () => {
    const found = await workspace.findFiles('**/*.{yaml,yml}', excluded, most);
    await Promise.all(found.map((uri) => look(uri).catch(() => undefined)));
  };
  controller.resolveHandler = (item) => (item ? undefined : discover());
  controller.refreshHandler = discover;
  controller.createRunProfile(
    'Run trial',
    TestRunProfileKind.Run,
    (request, token) => runScenarios(session, controller, request, token),
    true,
  );
  const watchers = (workspace.workspaceFolders ?? []).flatMap((folder) => {
    const watcher = workspace.createFileSystemWatcher(new RelativePattern(folder, '**/*.{yaml,yml}'));
    const gone = (uri: Uri) => controller.items.delete(uri.toString());
    return [watcher, watcher.onDidCreate(lookAt), watcher.onDidChange(lookAt), watcher.onDidDelete(gone)];
  });
  const dispose = () => [controller, ...watchers].forEach((part) => void part.dispose());
  return { controller, dispose };
}

async function runScenarios(
  session: Session,
  controller: TestController,
  request: TestRunRequest,
  token: CancellationToken,
): Promise<void> {
  const run = controller.createTestRun(request);
  const all = request.include ?? [...controller.items].map(([, item]) => item);
  const wanted = all.filter((item) => !request.exclude?.includes(item));
  wanted.forEach((item) => run.enqueued(item));
  for (const item of wanted) {
    if (token.isCancellationRequested || !workspace.isTrusted) run.skipped(item);
    else await runScenario(session, run, item, token);
  }
  run.end();
  session.refreshViews();
}

async function runScenario(session: Session, run: TestRun, item: TestItem, token: CancellationToken): Promise<void> {
  const path = item.uri?.fsPath ?? '';
  const say = (text: string) => run.appendOutput(`${text.replaceAll('\n', '\r\n')}\r\n`, undefined, item);
  const emit = (event: LabEvent) => {
    session.journal(event);
    const line = eventLine(event);
    if (line) say(line);
  };
  const abort = new AbortController();
  token.onCancellationRequested(() => abort.abort());
  const equivalent = showArgv(['lpl', 'trial', path]);
  run.started(item);
  const started = Date.now();
  try {
    const options = { name: `Trial ${item.label}`, equivalent, signal: abort.signal, emit };
    const summary = await runOperation(options, (ctx) => session.lab.trial({ scenario: path }, ctx));
    tell(run, item, summary, Date.now() - started);
    for (const figure of summary.figures) say(`  ${figure}`);
    say(`  report: ${summary.report}`);
  } catch (error) {
    if (abort.signal.aborted) return run.skipped(item);
    const { message, hint, details } = asLabError(error);
    const shown = new TestMessage(hint ? `${message}\n${hint}` : message);
    const line = typeof details['line'] === 'number' ? details['line'] - 1 : undefined;
    if (item.uri) shown.location = messagesOf.at(item.uri, line ?? item.range?.start.line ?? 0);
    run.errored(item, shown, Date.now() - started);
  }
}

/** Inconclusive is not failed: it was not found out. */
function tell(run: TestRun, item: TestItem, summary: TrialSummary, ms: number): void {
  if (summary.verdict === 'pass') return run.passed(item, ms);
  const messages = messagesOf.trial(item, summary);
  if (summary.verdict === 'inconclusive') run.errored(item, messages, ms);
  else run.failed(item, messages, ms);
}
