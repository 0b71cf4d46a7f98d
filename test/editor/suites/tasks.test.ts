// Tasks of the type lpl and their problem matchers, over the fake lab.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CustomExecution, EventEmitter, languages, Task, tasks, TaskScope, Uri, workspace } from 'vscode';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeTarget } from '../fixtures/fake-facts.ts';
import { editFakeSource, fakeFile, freshFakeWindow } from './fake-window.ts';
import { until } from './until.ts';

describe('tasks', () => {
  let fake: FakeExtension;
  const file = (name: string) => join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', name);
  const wanted = async (fits: (task: Task) => boolean): Promise<Task> => {
    const found = (await tasks.fetchTasks({ type: 'lpl' })).find(fits);
    assert.ok(found, 'the task is offered');
    return found;
  };
  /** Runs it to its end. */
  const perform = async (task: Task): Promise<number | undefined> => {
    const ended = new Promise<number | undefined>((resolve) => {
      const listener = tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
        if (execution.task.name !== task.name) return;
        listener.dispose();
        resolve(exitCode);
      });
    });
    await tasks.executeTask(task);
    return ended;
  };
  const problemsIn = (uri: Uri) =>
    languages
      .getDiagnostics(uri)
      .map(({ range, message, source }) => `${range.start.line + 1} ${message} (${source ?? ''})`);

  beforeEach(async () => {
    fake = await freshFakeWindow();
  });

  it('build a patch, and put a refusal on the line of the patch', async () => {
    const path = file('task.patch');
    writeFileSync(path, `--- a/${fakeFile}\n+++ b/${fakeFile}\n@@ -7,2 +7,2 @@\n {\n-\treturn count;\n+\treturn 1;\n`);
    const reason = { rule: 'DA02', file: fakeFile, line: 8, message: 'changes data', hint: 'keep it' };
    fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
    assert.equal(await perform(await wanted(({ definition }) => definition['file'] === path)), 3);
    assert.deepEqual(problemsIn(Uri.file(path)), ['6 changes data\nkeep it (livepatch)']);
  });

  it('build what was edited, and put a refusal on its line', async () => {
    const { document } = await editFakeSource('\treturn count + 71;');
    await document.save();
    const reason = { rule: 'DA02', file: fakeFile, line: 8, message: 'changes data', hint: 'keep it' };
    fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
    const exitCode = await perform(await wanted(({ definition }) => definition['target'] === fakeTarget));
    assert.equal(exitCode, 3);
    const found = '8 changes data\nkeep it (livepatch)';
    assert.ok(problemsIn(document.uri).includes(found));
    fake.lab.judge = () => ({ verdict: 'built', reasons: [], functions: [] });
    assert.equal(await perform(await wanted(({ definition }) => definition['target'] === fakeTarget)), 0);
    assert.ok(!problemsIn(document.uri).includes(found));
  });

  it('run a trial and a matrix, and end as lpl would', async () => {
    const [scenario, matrix] = [file('task.yaml'), file('task.matrix.yaml')];
    writeFileSync(scenario, 'schema: 1\ntitle: of a task\npatches: []\n');
    writeFileSync(matrix, 'schema: 1\ntitle: many\nkernels: []\npatches: []\nworkloads: []\n');
    assert.equal(await perform(await wanted(({ definition }) => definition['file'] === scenario)), 0);
    assert.equal(await perform(await wanted(({ definition }) => definition['file'] === matrix)), 3);
    const acts = fake.lab.calls.filter((call) => /^(trial|matrix) /.test(call));
    assert.deepEqual(acts, [`trial ${scenario}`, 'matrix ']);
    assert.ok(problemsIn(Uri.file(matrix)).includes('1 newest--bad--serving: refused (livepatch)'));
  });

  it('of other kinds find their problems in what `lpl` prints, by the problem matcher', async () => {
    const [first, second] = [file('first.patch'), file('second.patch')];
    for (const path of [first, second]) writeFileSync(path, 'one\ntwo\n');
    const terminal = new EventEmitter<string>();
    const closed = new EventEmitter<number>();
    const open = () => [first, second].forEach((path) => terminal.fire(`  error: ${path}:2: changes data [DA02]\r\n`));
    const pty = { onDidWrite: terminal.event, onDidClose: closed.event, open, close: () => undefined };
    const execution = new CustomExecution(() => Promise.resolve(pty));
    await tasks.executeTask(
      new Task({ type: 'lpl', task: 'own' }, TaskScope.Workspace, 'own', 'test', execution, ['$lpl']),
    );
    // VS Code tells what it found about a file once the terminal speaks of the next one.
    await until('the problem', () => problemsIn(Uri.file(first)).includes('2 changes data (livepatch)'), 30_000);
    closed.fire(0);
  });
});
