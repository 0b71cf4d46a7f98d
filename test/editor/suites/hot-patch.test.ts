// Hot patch on save, over the fake lab: what a save does, what many saves do, and how the old code comes back.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CodeAction, commands, languages, type TextEditor, workspace, WorkspaceEdit } from 'vscode';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeMachine, tracedFunction } from '../fixtures/fake-facts.ts';
import { editFakeSource, fakeFile, freshFakeWindow, run } from './fake-window.ts';
import { until } from './until.ts';

describe('hot patch on save', () => {
  let fake: FakeExtension;
  const turn = (on: boolean) => workspace.getConfiguration('livepatchLab').update('hotPatchOnSave', on, true);
  const acts = (word: RegExp) => fake.lab.calls.filter((call) => word.test(call));

  beforeEach(async () => {
    fake = await freshFakeWindow();
    await save('\treturn count;');
    fake.lab.machines = [fakeMachine('web1')];
    fake.lab.judge = () => ({ verdict: 'built', reasons: [], functions: [tracedFunction] });
    await turn(true);
  });

  afterEach(async () => {
    await turn(false);
    await fake.hotPatch.idle();
  });

  const save = async (text: string): Promise<TextEditor> => {
    const editor = await editFakeSource(text);
    await editor.document.save();
    return editor;
  };

  it('puts what was saved into the running kernel, and says what is live and how soon', async () => {
    await save('\treturn count + 21;');
    await until('the load', () => acts(/^klpLoad web1/).length === 1);
    await fake.hotPatch.idle();
    assert.match(fake.status.text, /^livepatch: 1 function live in web1 \(\d+\.\d s\)$/);
    assert.ok(!fake.progress.some((title) => title.startsWith('Hot')), 'no notification for a save');
  });

  it('does nothing while it is off', async () => {
    await turn(false);
    await save('\treturn count + 22;');
    await fake.hotPatch.idle();
    assert.deepEqual(acts(/^build/), []);
  });

  it('brings the old code back when nothing differs any more', async () => {
    const { document } = await save('\treturn count + 23;');
    await until('the load', () => acts(/^klpLoad/).length === 1);
    await fake.hotPatch.idle();
    await commands.executeCommand('undo');
    await document.save();
    await until('the unload', () => acts(/^klpUnload livepatch_edit_/).length === 1);
    await fake.hotPatch.idle();
    assert.match(fake.status.text, /the old code is back in web1/);
    assert.deepEqual(fake.lab.patches, []);
  });

  it('builds only the newest of many saves, and cancels the one it overtakes', async () => {
    let release = () => undefined as void;
    fake.lab.hold = new Promise((resolve) => (release = resolve));
    const { document } = await save('\treturn count + 24;');
    await until('the first build', () => acts(/^build/).length === 1);
    await save('\treturn count + 25;');
    await save('\treturn count + 26;');
    let patch = '';
    fake.lab.judge = (text) => {
      patch = text;
      return { verdict: 'built', reasons: [], functions: [tracedFunction] };
    };
    await save('\treturn count + 27;');
    // It is written when those before it have been given up.
    const written = join(document.fileName.replace(/\/source\/.*/, ''), 'edited.patch');
    await until('the turn of the newest', () => readFileSync(written, 'utf8').includes('count + 27'));
    release();
    await until('the load', () => acts(/^klpLoad/).length > 0);
    await fake.hotPatch.idle();
    assert.equal(acts(/^klpLoad/).length, 1);
    assert.match(patch, /count \+ 27/);
    assert.ok(acts(/^build/).length <= 4);
  });

  it('shows a refusal on its line, keeps what is live, and offers to undo the change', async () => {
    const reason = {
      rule: 'static-data',
      file: fakeFile,
      line: 8,
      message: 'changes data',
      hint: 'use a shadow variable',
    };
    fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
    const { document } = await save('\treturn count + 28;');
    await until('the squiggle', () => languages.getDiagnostics(document.uri).length === 1);
    await fake.hotPatch.idle();
    assert.match(fake.status.text, /refused \(static-data\); web1 stays as it was/);
    const range = document.lineAt(7).range;
    const actions = await commands.executeCommand<CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      range,
    );
    const undo = actions.find(({ title }) => title === 'Livepatch: undo this change');
    assert.ok(undo?.edit);
    await workspace.applyEdit(undo.edit);
    assert.equal(document.lineAt(7).text, '\treturn count;');
    await document.save();
    await fake.hotPatch.idle();
    await until('the squiggle to go', () => languages.getDiagnostics(document.uri).length === 0);
  });

  it('offers to put a refused function back as it was, and leaves the other changes', async () => {
    const reason = { rule: 'NP05', file: fakeFile, line: 6, message: 'is init code', hint: 'leave it out' };
    fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
    const { document } = await save('\treturn count + 30;');
    await until('the squiggle', () => languages.getDiagnostics(document.uri).length === 1);
    await fake.hotPatch.idle();
    const pristine = document.getText().replace(' + 30', '');
    const change = async (line: number, from: string, to: string) => {
      const edit = new WorkspaceEdit();
      const { range, text } = document.lineAt(line);
      edit.replace(document.uri, range, text.replace(from, to));
      await workspace.applyEdit(edit);
    };
    const fixes = async () => {
      const range = document.lineAt(5).range;
      const actions = await commands.executeCommand<CodeAction[]>(
        'vscode.executeCodeActionProvider',
        document.uri,
        range,
      );
      return actions.filter(({ title }) => title.startsWith('Livepatch: '));
    };
    await change(3, 'bm_status', 'bm_state');
    const single = await fixes();
    assert.deepEqual(
      single.map(({ title }) => title),
      ['Livepatch: undo this change'],
    );
    assert.equal(single[0]?.edit?.get(document.uri)[0]?.newText, '\treturn count;\n', 'not the change above it');
    await change(5, 'int count', 'int counter');
    const both = await fixes();
    const putBack = both.find(({ title }) => title === 'Livepatch: put bm_register_write() back as it was');
    assert.equal(both.length, 2);
    assert.ok(putBack?.edit);
    await workspace.applyEdit(putBack.edit);
    assert.equal(document.getText(), pristine.replace('bm_status', 'bm_state'));
    await change(3, 'bm_state', 'bm_status');
    await document.save();
    await fake.hotPatch.idle();
  });

  it('is cancelled, and loads nothing', async () => {
    fake.lab.hold = new Promise(() => undefined);
    await save('\treturn count + 29;');
    await until('the build', () => acts(/^build/).length === 1);
    await run('cancelHotPatch');
    await fake.hotPatch.idle();
    assert.deepEqual(acts(/^klpLoad/), []);
    assert.equal(fake.status.text, 'livepatch: cancelled');
  });

  it('says when no machine runs that kernel', async () => {
    fake.lab.machines = [];
    await save('\treturn count + 30;');
    await until('the word', () => fake.status.text.startsWith('livepatch: no machine runs'));
  });

  it('is switched by its command', async () => {
    await run('toggleHotPatch');
    assert.equal(workspace.getConfiguration('livepatchLab').get('hotPatchOnSave'), false);
  });
});
