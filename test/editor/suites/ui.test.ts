// The user interface over the fake lab: views, commands, diagnostics, progress and cancel.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { commands, DiagnosticSeverity, languages, Position, type TextEditor, type TreeItem, Uri, window } from 'vscode';
import type { BuildAndLoadResult } from '../../../extension/src/livepatch/build-and-load.ts';
import type { MachineNode } from '../../../extension/src/machines/machine-node.ts';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeMachine, fakeRelease, fakeTarget } from '../fixtures/fake-lab.ts';
import { openFakeWindow, run } from './fake-window.ts';
import { until } from './until.ts';

const file = 'fs/binfmt_misc.c';

describe('Livepatch Lab in a window', () => {
  let fake: FakeExtension;

  before(async () => {
    fake = await openFakeWindow();
  });

  beforeEach(async () => {
    await commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    Object.assign(fake.lab, { machines: [], patches: [], failure: undefined, hold: undefined, outcome: 'complete' });
    fake.lab.judge = () => ({ verdict: 'built', reasons: [], functions: [] });
    fake.lab.calls.length = 0;
    fake.progress.length = 0;
  });

  const items = async (node?: MachineNode): Promise<TreeItem[]> => {
    const nodes = (await fake.machines.provider.getChildren(node)) ?? [];
    return Promise.all(nodes.map(async (child) => fake.machines.provider.getTreeItem(child)));
  };

  /** A working copy of the fake kernel's file with `text` on line 8 (1-based), not saved. */
  const edit = async (text: string): Promise<TextEditor> => {
    const editor = await run<TextEditor>('openSource', { target: fakeTarget, file });
    await editor.edit((change) => change.replace(editor.document.lineAt(7).range, text));
    return editor;
  };

  describe('Machines view', () => {
    it('is empty without machines, so that the welcome shows', async () => {
      assert.deepEqual(await items(), []);
    });

    it('shows name, derived state and release', async () => {
      fake.lab.machines = [fakeMachine('web1'), fakeMachine('web2', 'panicked')];
      const shown = await items();
      assert.deepEqual(
        shown.map(({ label, description, contextValue }) => [label, description, contextValue]),
        [
          ['web1', `running · ${fakeRelease}`, 'machine.running'],
          ['web2', `panicked · ${fakeRelease}`, 'machine.panicked'],
        ],
      );
    });

    it('shows what is live below a running machine', async () => {
      fake.lab.patches = [
        {
          name: 'edit_1',
          enabled: true,
          transition: false,
          objects: [{ name: 'vmlinux', patched: true, functions: ['f', 'g'] }],
        },
      ];
      const machine: MachineNode = { kind: 'machine', machine: fakeMachine('web1') };
      const [livepatch] = (await fake.machines.provider.getChildren(machine)) ?? [];
      assert.deepEqual(
        (await items(machine)).map(({ label, description }) => [label, description]),
        [['edit_1', 'live']],
      );
      assert.deepEqual(
        (await items(livepatch)).map(({ label, description }) => [label, description]),
        [
          ['f', 'vmlinux'],
          ['g', 'vmlinux'],
        ],
      );
    });

    it('shows a failure in its place, with the next action', async () => {
      fake.lab.failure = Object.assign(new Error('no QEMU here'), {
        name: 'LabError',
        code: 'qemu.not-found',
        hint: 'run lpl doctor',
      });
      const [item] = await items();
      assert.equal(item?.label, 'no QEMU here');
      assert.equal(item?.description, 'run lpl doctor');
    });

    it('asks again after an act', async () => {
      let refreshed = 0;
      const listener = fake.machines.provider.onDidChangeTreeData?.(() => refreshed++);
      await run('startMachine', { name: 'web1', target: fakeTarget });
      listener?.dispose();
      assert.ok(refreshed > 0);
      assert.equal((await items())[0]?.label, 'web1');
    });
  });

  it('starts a machine and stops it from its node', async () => {
    await run('startMachine', { name: 'web1', target: fakeTarget });
    await run('stopMachine', { kind: 'machine', machine: fakeMachine('web1') } satisfies MachineNode);
    assert.deepEqual(
      fake.lab.calls.filter((call) => call.startsWith('vmUp') || call.startsWith('vmDown')),
      ['vmUp web1', 'vmDown web1'],
    );
    assert.deepEqual(fake.progress, ['Starting web1', 'Stopping web1']);
  });

  describe('build and load from edited source', () => {
    it('saves, builds the difference, and loads it into the machine of that kernel', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      let patch = '';
      fake.lab.judge = (text) => {
        patch = text;
        return { verdict: 'built', reasons: [], functions: [] };
      };
      const editor = await edit('\treturn count + 1;');
      const result = await run<BuildAndLoadResult>('buildAndLoad');
      assert.equal(editor.document.isDirty, false);
      assert.match(patch, /^--- a\/fs\/binfmt_misc\.c\n\+\+\+ b\/fs\/binfmt_misc\.c\n@@ -5,5 \+5,5 @@\n/);
      assert.match(patch, /\n-\treturn count;\n\+\treturn count \+ 1;\n/);
      assert.ok(
        fake.lab.calls.some((call) => /^klpLoad web1 livepatch_edit_[0-9a-f]{8}$/.test(call)),
        fake.lab.calls.join('; '),
      );
      assert.equal(result.live, true);
    });

    it('shows a refusal as a squiggle on the line, with the rule, and loads nothing', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      const reason = { rule: 'static-data', file, line: 8, message: 'changes data', hint: 'use a shadow variable' };
      fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
      const { document } = await edit('\treturn count - 1;');
      const result = await run<BuildAndLoadResult>('buildAndLoad');
      assert.equal(result.build.verdict, 'refused');
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
      const { document } = await edit('\treturn count - 2;');
      await run('buildAndLoad');
      assert.equal(languages.getDiagnostics(document.uri)[0]?.range.start.line, 5);
    });

    it('puts a reason without any place on the first change', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      const reason = { rule: 'kpatch', file, message: 'cannot tell', hint: 'see the log' };
      fake.lab.judge = () => ({ verdict: 'refused', reasons: [reason], functions: [] });
      const { document } = await edit('\treturn count - 9;');
      await run('buildAndLoad');
      assert.equal(languages.getDiagnostics(document.uri)[0]?.range.start.line, 7);
    });

    it('clears the squiggles when the next build is good', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      const { document } = await edit('\treturn count - 3;');
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
      await edit('\treturn count - 6;');
      await run('buildAndLoad');
      const unloads = fake.lab.calls.filter((call) => call.startsWith('klpUnload'));
      assert.deepEqual(unloads, ['klpUnload livepatch_edit_00000000']);
    });

    it('loads an edit that is live already no second time', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      await edit('\treturn count - 7;');
      await run('buildAndLoad');
      fake.lab.calls.length = 0;
      const again = await run<BuildAndLoadResult>('buildAndLoad');
      assert.equal(again.live, true);
      assert.ok(!fake.lab.calls.some((call) => call.startsWith('klpLoad')));
    });

    it('says that a transition stalled, and keeps what was live', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      fake.lab.outcome = 'reversed';
      await edit('\treturn count - 8;');
      const result = await run<BuildAndLoadResult>('buildAndLoad');
      assert.equal(result.live, false);
      assert.equal(result.transition?.stalled[0]?.comm, 'sleeper');
      assert.ok(!fake.lab.calls.some((call) => call.startsWith('klpUnload')));
    });

    it('ends when cancelled, and loads nothing', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      fake.lab.hold = new Promise(() => undefined);
      await edit('\treturn count - 4;');
      const done = run('buildAndLoad');
      await until('the build', () => fake.lab.calls.some((call) => call.startsWith('build')));
      fake.cancel();
      assert.equal(await done, undefined);
      assert.ok(!fake.lab.calls.some((call) => call.startsWith('klpLoad')));
    });

    it('builds nothing when nothing differs', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      await edit('\treturn count;');
      assert.equal(await run('buildAndLoad'), undefined);
      assert.ok(!fake.lab.calls.some((call) => call.startsWith('build')));
    });

    it('does not touch a machine that runs another kernel', async () => {
      fake.lab.machines = [{ ...fakeMachine('other'), release: '6.1.0-42-cloud-amd64' }];
      await edit('\treturn count - 5;');
      assert.equal(await run('buildAndLoad'), undefined);
      assert.ok(!fake.lab.calls.some((call) => call.startsWith('build')));
    });
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
    await edit('\treturn count * 2;');
    await run('showChanges');
    assert.match(window.tabGroups.activeTabGroup.activeTab?.label ?? '', /binfmt_misc\.c \(.*edited\)/);
  });

  it('runs a scenario and opens its report in a panel', async () => {
    await run('runTrial', Uri.file('/nowhere/scenario.yaml'));
    assert.ok(fake.lab.calls.includes('trial /nowhere/scenario.yaml'));
    await until('the report', () => window.tabGroups.activeTabGroup.activeTab?.label === 'Report: pass');
  });
});
