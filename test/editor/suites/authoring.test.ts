// Patches as files, over the fake lab: made of edits, checked, brought in and taken out, shown.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { languages, Range, type TextEditor, Uri, window, workspace } from 'vscode';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeTarget } from '../fixtures/fake-facts.ts';
import { editFakeSource, fakeFile, freshFakeWindow, run } from './fake-window.ts';
import { replaceText } from './replace-text.ts';
import { until } from './until.ts';

describe('patches as files', () => {
  let fake: FakeExtension;
  const file = (name: string) => join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', name);
  const remarks = (path: string) =>
    languages.getDiagnostics(Uri.file(path)).map(({ range, message, code }) => [range.start.line, code, message]);
  const conflict = { file: fakeFile, line: 8, patchLine: 4, message: 'these lines are not what the patch expects' };
  const acts = (word: RegExp) => fake.lab.calls.filter((call) => word.test(call));

  beforeEach(async () => {
    fake = await freshFakeWindow();
  });

  it('are made of what was edited, and checkpatch is heard again at each save', async () => {
    const path = file('0001-count.patch');
    await editFakeSource('\treturn count + 91;');
    fake.lab.patchFindings = [{ level: 'warning', type: 'COMMIT_MESSAGE', line: 2, message: 'Missing description' }];
    const editor = await run<TextEditor>('createPatch', { file: path, name: 'binfmt_misc: count on' });
    assert.equal(window.activeTextEditor?.document.fileName, path);
    assert.match(readFileSync(path, 'utf8'), /^Subject: \[PATCH\] binfmt_misc: count on$/m);
    assert.deepEqual(remarks(path), [[1, 'COMMIT_MESSAGE', 'Missing description']]);
    fake.lab.patchFindings = [];
    const at = editor.document.positionAt(40);
    await replaceText(editor.document, new Range(at, at), 'Why it counts.\n');
    await editor.document.save();
    await until('the remarks to go', () => remarks(path).length === 0);
    const lines = readFileSync(fake.journal, 'utf8');
    assert.match(lines, /lpl patch create --worktree .* --subject 'binfmt_misc: count on'/);
  });

  it('are not made of nothing', async () => {
    const { document } = await editFakeSource('\treturn count;');
    await document.save();
    assert.equal(await run('createPatch', { file: file('never.patch'), name: 'x' }), undefined);
    assert.deepEqual(acts(/^patchCreate/), []);
  });

  it('come into the working copy and go out again', async () => {
    const path = file('fix.patch');
    writeFileSync(path, 'a patch\n');
    await run('importPatch', { file: path, target: fakeTarget });
    await run('unapplyPatch', Uri.file(path));
    assert.deepEqual(acts(/^patchImport/), [`patchImport ${path}`, `patchImport ${path} reverse`]);
  });

  it('come from a commit as well', async () => {
    await run('importPatch', { commit: 'HEAD~2', repository: '/nowhere', target: fakeTarget });
    assert.deepEqual(acts(/^patchImport/), ['patchImport HEAD~2']);
  });

  it('say on their own line where they do not fit', async () => {
    const path = file('conflict.patch');
    writeFileSync(path, 'one\ntwo\nthree\nfour\n');
    fake.lab.imported = { outcome: 'conflict', conflicts: [conflict] };
    await run('importPatch', { file: path, target: fakeTarget });
    assert.deepEqual(remarks(path), [[3, 'conflict', `${fakeFile}:8: ${conflict.message}`]]);
    assert.equal(window.activeTextEditor?.document.fileName, path);
    assert.equal(window.activeTextEditor?.selection.active.line, 3);
    fake.lab.imported = { outcome: 'applied', conflicts: [] };
    await run('importPatch', { file: path, target: fakeTarget });
    assert.deepEqual(remarks(path), []);
  });

  it('are shown as a difference of each file', async () => {
    const path = file('shown.patch');
    writeFileSync(path, 'a patch\n');
    await run('showPatch', { file: path, target: fakeTarget });
    await until('the tab', () => window.tabGroups.activeTabGroup.activeTab?.label.startsWith('shown.patch') ?? false);
    const texts = workspace.textDocuments.filter(({ uri }) => uri.scheme === 'livepatch-patch');
    assert.deepEqual(texts.map((document) => document.getText()).sort(), ['one\n', 'two é\n']);
  });

  it('are checked when that is asked for', async () => {
    const path = file('style.patch');
    writeFileSync(path, 'one\ntwo\n');
    fake.lab.patchFindings = [{ level: 'error', type: 'SPACING', line: 2, message: 'no room' }];
    await run('checkPatch', { file: path, target: fakeTarget });
    assert.deepEqual(remarks(path), [[1, 'SPACING', 'no room']]);
  });
});
