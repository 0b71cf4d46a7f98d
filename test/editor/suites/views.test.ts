// The views over the fake lab: what they show of machines, livepatches, targets and trials, and when they ask again.

import assert from 'node:assert/strict';
import type { KlpPatch, LabError, TrialEntry } from 'livepatch-lab';
import type { LivepatchNode } from '../../../extension/src/livepatch/livepatch-node.ts';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeMachine, fakeTarget, stuckTask } from '../fixtures/fake-facts.ts';
import { editFakeSource, freshFakeWindow, itemsOf, run, textsOf } from './fake-window.ts';
import { until } from './until.ts';

const patch = (name: string, transition = false): KlpPatch => ({
  name,
  enabled: true,
  transition,
  objects: [{ name: 'vmlinux', patched: true, functions: ['f', 'g'] }],
});

describe('the views', () => {
  let fake: FakeExtension;

  beforeEach(async () => {
    fake = await freshFakeWindow();
  });

  /** Counts how often a view is told to ask again while `act` runs and until `times` is reached. */
  const refreshed = async (view: 'machines' | 'livepatches', act: () => unknown) => {
    let count = 0;
    const listener = fake[view].provider.onDidChangeTreeData?.(() => count++);
    await act();
    await until(`${view} to ask again`, () => count > 0);
    listener?.dispose();
  };

  describe('Machines', () => {
    it('is empty without machines, so that the welcome shows', async () => {
      assert.deepEqual(await itemsOf(fake.machines), []);
    });

    it('shows name, derived state and release', async () => {
      fake.lab.machines = [fakeMachine('web1'), fakeMachine('web2', 'panicked')];
      const shown = await itemsOf(fake.machines);
      assert.deepEqual(
        shown.map(({ label, description, contextValue }) => [label, description, contextValue]),
        [
          ['web1', 'running · 6.12.94+deb13', 'machine.running'],
          ['web2', 'panicked · 6.12.94+deb13', 'machine.panicked'],
        ],
      );
    });

    it('shows a failure in its place, with the next action', async () => {
      const failure: Partial<LabError> = { name: 'LabError', code: 'qemu.not-found', hint: 'run lpl doctor' };
      fake.lab.failure = Object.assign(new Error('no QEMU here'), failure);
      assert.deepEqual(textsOf(await itemsOf(fake.machines)), [['no QEMU here', 'run lpl doctor']]);
    });

    it('asks again after an act', async () => {
      await refreshed('machines', () => run('startMachine', { name: 'web1', target: fakeTarget }));
      assert.equal((await itemsOf(fake.machines))[0]?.label, 'web1');
    });

    it('asks again when a machine dies by itself', async () => {
      fake.lab.machines = [fakeMachine('web3')];
      await fake.news.look();
      await refreshed('machines', () => fake.lab.watchers.get('web3')?.end());
    });

    it('watches a machine that was mute a moment later', async () => {
      fake.lab.machines = [fakeMachine('web6')];
      await fake.news.look();
      const mute = fake.lab.watchers.get('web6');
      fake.lab.watchers.clear();
      mute?.fail(new Error('QEMU does not answer'));
      await until('it to be watched again', () => fake.lab.watchers.has('web6'));
    });

    it('shows what the kernel of a machine complained of', async () => {
      fake.lab.machines = [fakeMachine('web4')];
      await fake.news.look();
      const problem = { kind: 'oops' as const, text: 'BUG: kernel NULL pointer dereference' };
      await refreshed('machines', () => fake.lab.watchers.get('web4')?.tell({ at: 0, type: 'problem', problem }));
      const [machine] = (await fake.machines.provider.getChildren()) ?? [];
      assert.equal((await itemsOf(fake.machines, machine))[0]?.label, problem.text);
    });
  });

  describe('Livepatches', () => {
    const below = async (node?: LivepatchNode) =>
      ((await fake.livepatches.provider.getChildren(node)) ?? []) as LivepatchNode[];

    it('nests klp_patch, klp_object and klp_func of the only running machine', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      fake.lab.patches = [patch('edit_1')];
      const [livepatch] = await below();
      const [object] = await below(livepatch);
      assert.deepEqual(textsOf(await itemsOf(fake.livepatches)), [['edit_1', 'live']]);
      assert.deepEqual(textsOf(await itemsOf(fake.livepatches, livepatch)), [['vmlinux', 'patched · 2 functions']]);
      assert.deepEqual(
        (await itemsOf(fake.livepatches, object)).map(({ label }) => label),
        ['f', 'g'],
      );
    });

    it('shows how far a transition is, and the stacks of the tasks that hold it back', async () => {
      fake.lab.machines = [fakeMachine('web1')];
      fake.lab.patches = [patch('edit_2', true)];
      fake.lab.transition = {
        direction: 'patching',
        tasks: { patched: 60, unpatched: 1, idle: 0 },
        behind: [stuckTask],
      };
      const [livepatch] = await below();
      const [transition] = await below(livepatch);
      const [task] = await below(transition);
      assert.equal((await itemsOf(fake.livepatches, livepatch))[0]?.description, '60 of 61 tasks, 1 to go');
      assert.deepEqual(textsOf(await itemsOf(fake.livepatches, transition)), [
        ['sleeper (77)', 'S in bm_register_write'],
      ]);
      assert.deepEqual(textsOf(await itemsOf(fake.livepatches, task)), [['bm_register_write', undefined]]);
    });

    it('asks again when the kernel speaks of a livepatch, whoever loaded it', async () => {
      fake.lab.machines = [fakeMachine('web5')];
      await fake.news.look();
      const line = "[   12.0] livepatch: 'x': patching complete";
      await refreshed('livepatches', () => fake.lab.watchers.get('web5')?.tell({ at: 0, type: 'console', line }));
    });
  });

  describe('Target kernels', () => {
    it('shows the kernels of a series, and below one the files edited for it', async () => {
      const editor = await editFakeSource('\treturn count + 77;');
      await editor.document.save();
      const [series] = (await fake.targets.provider.getChildren()) ?? [];
      const [kernel] = (await fake.targets.provider.getChildren(series)) ?? [];
      assert.deepEqual(textsOf(await itemsOf(fake.targets, series)), [['6.12.94+deb13', '1 edited']]);
      assert.deepEqual(textsOf(await itemsOf(fake.targets, kernel)), [['binfmt_misc.c', 'fs']]);
      fake.answer = 'Discard';
      await run('discardChanges', editor.document.uri);
      assert.deepEqual(textsOf(await itemsOf(fake.targets, series)), [['6.12.94+deb13', 'prepared']]);
    });

    it('shows a tree that has a name, once, and no other kernel by its name', async () => {
      const before = textsOf(await itemsOf(fake.targets));
      const named = (name: string, target: string) => ({ name, target, addedAt: 0 });
      fake.lab.names = [named('mine', 'tree:/x'), named('too', 'tree:/x'), named('field', fakeTarget)];
      assert.deepEqual(textsOf(await itemsOf(fake.targets)), [...before, ['too', '']]);
    });
  });

  describe('Trials', () => {
    it('shows verdicts and why', async () => {
      const common = { directory: '/nowhere/t1', startedAt: Date.now() - 60_000, title: 'tun' };
      fake.lab.trials = [
        { ...common, id: 't1', state: 'judged', verdict: 'fail', reasons: ['request lost'], scenario: '/s.yaml' },
        { ...common, id: 't2', state: 'running', reasons: [] },
      ];
      const [failed] = (await fake.trials.provider.getChildren()) ?? [];
      assert.deepEqual(textsOf(await itemsOf(fake.trials)), [
        ['tun', 'fail · 1 min ago'],
        ['tun', 'running · 1 min ago'],
      ]);
      assert.deepEqual(textsOf(await itemsOf(fake.trials, failed)), [['request lost', undefined]]);
    });

    it('runs the scenario of one again', async () => {
      const trial: TrialEntry = {
        id: 't1',
        directory: '/d',
        state: 'judged',
        verdict: 'pass',
        reasons: [],
        scenario: '/s.yaml',
      };
      fake.lab.trials = [trial];
      await run('rerunTrial', { kind: 'trial', trial });
      assert.ok(fake.lab.calls.includes('trial /s.yaml'), fake.lab.calls.join('; '));
    });
  });
});
