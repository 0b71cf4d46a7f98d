// The user interface over the fake lab: machines started and stopped, sources, trials, and the journal of it all.

import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commands, type TextEditor, Uri, window } from 'vscode';
import type { MachineNode } from '../../../extension/src/machines/machine-node.ts';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeMachine, fakeTarget, ownRelease } from '../fixtures/fake-facts.ts';
import { editFakeSource, fakeFile, freshFakeWindow, run } from './fake-window.ts';
import { replaceText } from './replace-text.ts';
import { until } from './until.ts';

describe('Livepatch Lab in a window', () => {
  let fake: FakeExtension;

  beforeEach(async () => {
    fake = await freshFakeWindow();
  });

  const acts = (word: RegExp) => fake.lab.calls.filter((call) => word.test(call));

  it('starts a machine and stops it from its node', async () => {
    await run('startMachine', { name: 'web1', target: fakeTarget });
    await run('stopMachine', { kind: 'machine', machine: fakeMachine('web1') } satisfies MachineNode);
    assert.deepEqual(acts(/^vm(Up|Down)/), ['vmUp web1', 'vmDown web1']);
    assert.deepEqual(fake.progress, ['Starting web1', 'Stopping web1']);
  });

  it('goes back to a snapshot from its node', async () => {
    const snapshot = { label: 'before', at: 0, pausedMs: 1, release: '', diskBytes: 0, directory: '' };
    await run('restoreMachine', { kind: 'snapshot', machine: fakeMachine('web1'), snapshot } satisfies MachineNode);
    assert.deepEqual(acts(/^vmRestore/), ['vmRestore web1 before']);
  });

  it('removes a machine only when that is confirmed', async () => {
    await run('removeMachine', { machine: 'web1' });
    assert.deepEqual(acts(/^vmRemove/), []);
    fake.answer = 'Remove';
    await run('removeMachine', { machine: 'web1' });
    assert.deepEqual(acts(/^vmRemove/), ['vmRemove web1']);
  });

  it('disables and unloads a livepatch', async () => {
    await run('disableLivepatch', { machine: 'web1', module: 'livepatch_x' });
    await run('unloadLivepatch', { machine: 'web1', module: 'livepatch_x' });
    assert.deepEqual(acts(/^klp(Disable|Unload)/), ['klpDisable livepatch_x', 'klpUnload livepatch_x']);
  });

  it('opens the source of a function at its definition, in the working copy', async () => {
    await run('openFunction', { target: fakeTarget, function: 'bm_register_write' });
    const editor = window.activeTextEditor;
    assert.match(editor?.document.fileName ?? '', /worktrees.*fs\/binfmt_misc\.c$/);
    assert.equal(editor?.selection.active.line, 5);
  });

  it('keeps the equivalent lpl line of every act', async () => {
    await run('startMachine', { name: 'web9', target: fakeTarget });
    const events = readFileSync(fake.journal, 'utf8').trimEnd().split('\n');
    const lines = events.map((line) => (JSON.parse(line) as { equivalent?: string }).equivalent).filter(Boolean);
    assert.equal(lines.at(-1), `lpl vm up web9 --target ${fakeTarget}`);
  });

  it('refuses to open a file outside the kernel tree', async () => {
    await assert.rejects(
      async () => run('openSource', { target: fakeTarget, file: '../../etc/passwd' }),
      /outside the kernel tree/,
    );
  });

  it('shows the difference to the pristine source', async () => {
    await editFakeSource('\treturn count * 2;');
    await run('showChanges');
    const shown = () => window.tabGroups.activeTabGroup.activeTab?.label ?? '';
    await until('the difference', () => /binfmt_misc\.c \(.*edited\)/.test(shown()));
  });

  it('opens the source of a build tree, in a working copy of its own, and leaves the tree alone', async () => {
    const { ownTree } = fake.lab;
    const pristine = join(ownTree.replace('tree:', ''), fakeFile);
    const before = readFileSync(pristine, 'utf8');
    const stock = await run<TextEditor>('openSource', { target: fakeTarget, file: fakeFile });
    const editor = await run<TextEditor>('openSource', { target: ownTree, file: fakeFile, line: 6 });
    assert.notEqual(editor.document.fileName, stock.document.fileName);
    assert.equal(editor.selection.active.line, 5);
    await replaceText(editor.document, editor.document.lineAt(7).range, '\treturn count + 81;');
    await editor.document.save();
    assert.equal(readFileSync(pristine, 'utf8'), before);
    await run('buildAndLoad');
    assert.ok(!fake.lab.calls.some((call) => call === `build ${fakeTarget}`));
    fake.lab.machines = [{ ...fakeMachine('own1'), target: ownTree, release: ownRelease }];
    await run('buildAndLoad');
    assert.deepEqual(acts(/^build/), [`build ${ownTree}`]);
    fake.answer = 'Discard';
    await run('discardChanges', editor.document.uri);
    assert.equal(editor.document.getText(), before);
    // The other suites have one target.
    rmSync(editor.document.fileName.replace(`/source/${fakeFile}`, ''), { recursive: true });
  });

  it('discards what was changed, when that is confirmed', async () => {
    const { document } = await editFakeSource('\treturn count * 3;');
    await run('discardChanges', document.uri);
    assert.match(document.getText(), /count \* 3/);
    fake.answer = 'Discard';
    await run('discardChanges', document.uri);
    assert.doesNotMatch(document.getText(), /count \* 3/);
    assert.equal(document.isDirty, false);
  });

  it('runs a scenario and opens its report in a panel', async () => {
    await run('runTrial', Uri.file('/nowhere/scenario.yaml'));
    assert.ok(fake.lab.calls.includes('trial /nowhere/scenario.yaml'));
    await until('the report', () => window.tabGroups.activeTabGroup.activeTab?.label === 'Report: pass');
    await commands.executeCommand('workbench.action.closeActiveEditor');
  });
});
