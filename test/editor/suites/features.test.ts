// Features over the fake lab that have a place of their own in VS Code: lenses and hovers over functions, the uptime dashboard,
// scenarios that are open.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type CodeLens,
  commands,
  DiagnosticSeverity,
  type DocumentLink,
  type Hover,
  languages,
  Position,
  type TextDocument,
  type TextEditor,
  window,
  workspace,
  WorkspaceEdit,
} from 'vscode';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeMachine, fakeTarget } from '../fixtures/fake-facts.ts';
import { editFakeSource, fakeFile, freshFakeWindow, run } from './fake-window.ts';
import { until } from './until.ts';

describe('features', () => {
  let fake: FakeExtension;

  beforeEach(async () => {
    fake = await freshFakeWindow();
  });

  const asked = (word: string) => fake.lab.calls.filter((call) => call.startsWith(word));

  it('says over each function whether a livepatch can change it, and that it is changed', async () => {
    const { document } = await editFakeSource('\treturn count + 55;');
    const lenses = await commands.executeCommand<CodeLens[]>('vscode.executeCodeLensProvider', document.uri);
    assert.deepEqual(
      lenses.map(({ command, range }) => [range.start.line, command?.title]),
      [
        [5, '$(edit) changed'],
        [5, '$(check) patchable in 6.12.94'],
      ],
    );
  });

  describe('the lint', () => {
    const ofText = { rule: 'DA02', level: 'warning', line: 8, message: 'static data', hint: 'keep it' } as const;
    const ofTarget = {
      rule: 'NP02',
      level: 'error',
      line: 6,
      message: 'not traced',
      hint: 'patch its callers',
    } as const;
    const codes = ({ uri }: TextDocument) => languages.getDiagnostics(uri).map(({ code }) => code);
    const says = (document: TextDocument, ...rules: string[]) =>
      until(rules.join(' ') || 'silence', () => isDeepStrictEqual(codes(document), rules));

    beforeEach(() => {
      fake.lab.lintFindings = [ofText];
      fake.lab.targetFindings = [ofTarget, ofText];
    });

    it('speaks from the text while one types, and with the target once one stops', async () => {
      const { document } = await editFakeSource('\treturn count + 56;');
      await says(document, 'DA02');
      assert.equal(languages.getDiagnostics(document.uri)[0]?.severity, DiagnosticSeverity.Warning);
      await says(document, 'NP02', 'DA02');
    });

    it('asks the target at once when the source is saved', async () => {
      fake.lab.lintFindings = [];
      const { document } = await editFakeSource('\treturn count + 57;');
      await document.save();
      await says(document, 'NP02', 'DA02');
    });

    it('prepares no target by itself', async () => {
      fake.lab.prepared = false;
      const { document } = await editFakeSource('\treturn count + 58;');
      await document.save();
      await until('the question', () => asked('isPrepared').length > 0);
      await says(document, 'DA02');
      assert.deepEqual(asked('lint debian'), []);
    });

    it('lets the build have the last word', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      const { document } = await editFakeSource('\treturn count + 59;');
      await document.save();
      await says(document, 'NP02', 'DA02');
      await run('buildAndLoad');
      await says(document);
    });
  });

  describe('a hover over the name of a function', () => {
    const hoverOver = async ({ uri }: TextDocument) => {
      const where = [uri, new Position(5, 14)];
      const hovers = await commands.executeCommand<Hover[]>('vscode.executeHoverProvider', ...where);
      const texts = hovers.flatMap(({ contents }) =>
        contents.map((each) => (typeof each === 'string' ? each : each.value)),
      );
      return texts.join('\n');
    };

    it('tells the facts behind the lens', async () => {
      const text = await hoverOver((await editFakeSource('\treturn count;')).document);
      assert.match(text, /bm_register_write\(\).*patchable in 6\.12\.94/);
      assert.doesNotMatch(text, /transition/);
    });

    it('tells that tasks sleep in it, and how that is known', async () => {
      const { document } = await editFakeSource('\treturn wait_event_interruptible(queue, count);');
      const sleeps = /Tasks sleep in it: a transition waits .* \(its body calls wait_event_interruptible\(\)\)/;
      assert.match(await hoverOver(document), sleeps);
    });
  });

  it('shows the pulse of the machine until the dashboard is closed', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    await run('showUptime');
    await until('the pulse', () => asked('vmPulse web1').length === 1);
    assert.equal(window.tabGroups.all.flatMap(({ tabs }) => tabs).filter(({ label }) => label === 'Uptime').length, 1);
    await commands.executeCommand('workbench.action.closeActiveEditor');
  });

  it('leads from a stack trace and a place in a log to the source', async () => {
    const log = join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', 'dmesg.log');
    const line = `[    1.0] WARNING: CPU: 0 PID: 1 at ${fakeFile}:8 bm_register_write.cold+0x1a/0x40 [binfmt_misc]`;
    writeFileSync(log, `nothing here\n${line}\n`);
    const { uri } = await workspace.openTextDocument(log);
    const links = await commands.executeCommand<DocumentLink[]>('vscode.executeLinkProvider', uri);
    const ours = links.filter(({ target }) => target?.scheme === 'command');
    assert.deepEqual(
      ours.map(({ target, range }) => [range.start.line, target?.path]),
      [
        [1, 'livepatchLab.openSource'],
        [1, 'livepatchLab.openFunction'],
      ],
    );
    const [[request]] = ours.map(({ target }) => JSON.parse(target?.query ?? '') as unknown[]) as [unknown[]];
    const editor = await run<TextEditor>('openSource', { ...(request as object), target: fakeTarget });
    assert.equal(editor.selection.active.line, 7);
    const [, [second]] = ours.map(({ target }) => JSON.parse(target?.query ?? '') as object[]) as [object[], object[]];
    assert.match(JSON.stringify(second), /"function":"bm_register_write"/);
  });

  it('says what stands against a scenario that is open, on its line', async () => {
    const path = join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', 'open.yaml');
    writeFileSync(path, 'schema: 1\ntitle: open\npatches:\n  - title: tun\n    file: tun.patch\n');
    fake.lab.scenarioFindings = [{ level: 'warning', message: 'tun: no reproducer' }];
    const document = await workspace.openTextDocument(path);
    const said = () => languages.getDiagnostics(document.uri).map(({ range, message }) => [range.start.line, message]);
    await until('the finding', () => isDeepStrictEqual(said(), [[3, 'tun: no reproducer']]));
    fake.lab.scenarioError = 'speed is no part of it';
    const edit = new WorkspaceEdit();
    edit.insert(document.uri, document.positionAt(0), '# changed\n');
    await workspace.applyEdit(edit);
    await document.save();
    await until('the error', () => isDeepStrictEqual(said(), [[2, 'speed is no part of it']]));
  });

  it('plays the demo in the dashboard and opens its report', async () => {
    await fake.uptime.playDemo();
    assert.deepEqual(asked('demo'), ['demo']);
    await until('the report', () => window.tabGroups.all.some(({ activeTab }) => activeTab?.label === 'Report: pass'));
    const told = readFileSync(fake.journal, 'utf8');
    assert.match(told, /"equivalent":"lpl demo"/);
    await commands.executeCommand('workbench.action.closeAllEditors');
  });
});
