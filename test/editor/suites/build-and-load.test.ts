// Build and load from edited source, over the fake lab: what is built and loaded, and what stands against it on its line.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { commands, DiagnosticSeverity, languages, Position } from 'vscode';
import type { AppliedEdit } from '../../../extension/src/livepatch/apply-edit.ts';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeMachine } from '../fixtures/fake-facts.ts';
import { editFakeSource, fakeFile as file, freshFakeWindow, run } from './fake-window.ts';
import { until } from './until.ts';

describe('build and load from edited source', () => {
  let fake: FakeExtension;

  beforeEach(async () => {
    fake = await freshFakeWindow();
  });

  it('saves, builds the difference, and loads it into the machine of that kernel', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    let patch = '';
    fake.lab.judge = (text) => {
      patch = text;
      return { verdict: 'built', reasons: [], functions: [] };
    };
    const editor = await editFakeSource('\treturn count + 1;');
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.equal(editor.document.isDirty, false);
    assert.match(patch, /^--- a\/fs\/binfmt_misc\.c\n\+\+\+ b\/fs\/binfmt_misc\.c\n@@ -5,5 \+5,5 @@\n/);
    assert.match(patch, /\n-\treturn count;\n\+\treturn count \+ 1;\n/);
    assert.ok(
      fake.lab.calls.some((call) => /^klpLoad web1 livepatch_edit_[0-9a-f]{8}$/.test(call)),
      fake.lab.calls.join('; '),
    );
    assert.equal(result.live, true);
  });

  it('builds nothing from an edit that could not be saved', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    const { document } = await editFakeSource('\treturn count + 2;');
    // What somebody else has written since, VS Code does not write over.
    const before = readFileSync(document.fileName, 'utf8');
    writeFileSync(document.fileName, `${before}/* meanwhile */\n`);
    try {
      assert.equal(await run('buildAndLoad'), undefined);
      assert.ok(document.isDirty);
      assert.ok(!fake.lab.calls.some((call) => call.startsWith('build')), fake.lab.calls.join('; '));
    } finally {
      writeFileSync(document.fileName, before);
      await commands.executeCommand('workbench.action.files.revert');
    }
  });

  it('shows a refusal as a squiggle on the line, with the rule, and loads nothing', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    const reason = { rule: 'static-data', file, line: 8, message: 'changes data', hint: 'use a shadow variable' };
    fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
    const { document } = await editFakeSource('\treturn count - 1;');
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.equal(result.build?.verdict, 'refused');
    const [problem, ...others] = languages.getDiagnostics(document.uri);
    assert.deepEqual(others, []);
    assert.deepEqual(problem?.range.start, new Position(7, 1));
    assert.equal(problem?.code, 'static-data');
    assert.equal(problem?.severity, DiagnosticSeverity.Error);
    assert.equal(problem?.message, 'changes data\nuse a shadow variable');
    assert.ok(!fake.lab.calls.some((call) => call.startsWith('klpLoad')));
  });

  it('puts a reason without a line on the function it names', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    const reason = {
      rule: 'notrace',
      file,
      function: 'bm_register_write',
      message: 'not traced',
      hint: 'patch its caller',
    };
    fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
    const { document } = await editFakeSource('\treturn count - 2;');
    await run('buildAndLoad');
    assert.equal(languages.getDiagnostics(document.uri)[0]?.range.start.line, 5);
  });

  it('puts a reason without any place on the first change', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    const reason = { rule: 'kpatch', file, message: 'cannot tell', hint: 'see the log' };
    fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
    const { document } = await editFakeSource('\treturn count - 9;');
    await run('buildAndLoad');
    assert.equal(languages.getDiagnostics(document.uri)[0]?.range.start.line, 7);
  });

  it('clears the squiggles when the next build is good', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    const { document } = await editFakeSource('\treturn count - 3;');
    await run('buildAndLoad');
    assert.deepEqual(languages.getDiagnostics(document.uri), []);
  });

  it('unloads the edit that this one replaced, and no other livepatch', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    const live = { enabled: true, transition: false, objects: [] };
    fake.lab.patches = [
      { ...live, name: 'livepatch_edit_00000000' },
      { ...live, name: 'livepatch_cve_2026_74487' },
    ];
    await editFakeSource('\treturn count - 6;');
    await run('buildAndLoad');
    const unloads = fake.lab.calls.filter((call) => call.startsWith('klpUnload'));
    assert.deepEqual(unloads, ['klpUnload livepatch_edit_00000000']);
  });

  it('loads an edit that is live already no second time', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    await editFakeSource('\treturn count - 7;');
    await run('buildAndLoad');
    fake.lab.calls.length = 0;
    const again = await run<AppliedEdit>('buildAndLoad');
    assert.equal(again.live, true);
    assert.ok(!fake.lab.calls.some((call) => call.startsWith('klpLoad')));
  });

  it('says that a transition stalled, and keeps what was live', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    fake.lab.outcome = 'reversed';
    await editFakeSource('\treturn count - 8;');
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.equal(result.live, false);
    assert.equal(result.transition?.stalled[0]?.comm, 'sleeper');
    assert.ok(!fake.lab.calls.some((call) => call.startsWith('klpUnload')));
  });

  it('ends when cancelled, and loads nothing', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    fake.lab.hold = new Promise(() => undefined);
    await editFakeSource('\treturn count - 4;');
    const done = run('buildAndLoad');
    await until('the build', () => fake.lab.calls.some((call) => call.startsWith('build')));
    fake.cancel();
    assert.equal(await done, undefined);
    assert.ok(!fake.lab.calls.some((call) => call.startsWith('klpLoad')));
  });

  it('builds nothing when nothing differs', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    await editFakeSource('\treturn count;');
    assert.equal(await run('buildAndLoad'), undefined);
    assert.ok(!fake.lab.calls.some((call) => call.startsWith('build')));
  });

  it('does not touch a machine that runs another kernel', async () => {
    fake.lab.machines = [{ ...fakeMachine('other'), release: '6.1.0-42-cloud-amd64' }];
    await editFakeSource('\treturn count - 5;');
    assert.equal(await run('buildAndLoad'), undefined);
    assert.ok(!fake.lab.calls.some((call) => call.startsWith('build')));
  });
});
