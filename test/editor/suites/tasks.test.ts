// Tasks of the type lpl and their problem matchers, over the fake lab.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { languages, type Task, tasks, Uri, workspace } from 'vscode';
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
    await until('the problem', () => problemsIn(Uri.file(path)).includes('6 changes data (livepatch)'));
  });

  it('build what was edited, and put a refusal on its line', async () => {
    const { document } = await editFakeSource('\treturn count + 71;');
    await document.save();
    const reason = { rule: 'DA02', file: fakeFile, line: 8, message: 'changes data', hint: 'keep it' };
    fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
    const exitCode = await perform(await wanted(({ definition }) => definition['target'] === fakeTarget));
    assert.equal(exitCode, 3);
    await until('the problem', () => problemsIn(document.uri).includes('8 changes data (livepatch)'));
    fake.lab.judge = () => ({ verdict: 'built', reasons: [], functions: [] });
    assert.equal(await perform(await wanted(({ definition }) => definition['target'] === fakeTarget)), 0);
    await until('its end', () => !problemsIn(document.uri).includes('8 changes data (livepatch)'));
  });

  it('run a trial and a matrix, and end as lpl would', async () => {
    const [scenario, matrix] = [file('task.yaml'), file('task.matrix.yaml')];
    writeFileSync(scenario, 'schema: 1\ntitle: of a task\npatches: []\n');
    writeFileSync(matrix, 'schema: 1\ntitle: many\nkernels: []\npatches: []\nworkloads: []\n');
    assert.equal(await perform(await wanted(({ definition }) => definition['file'] === scenario)), 0);
    assert.equal(await perform(await wanted(({ definition }) => definition['file'] === matrix)), 3);
    const acts = fake.lab.calls.filter((call) => /^(trial|matrix) /.test(call));
    assert.deepEqual(acts, [`trial ${scenario}`, 'matrix ']);
    const red = '1 newest--bad--serving: refused (livepatch)';
    await until(red, () => problemsIn(Uri.file(matrix)).includes(red));
  });
});
