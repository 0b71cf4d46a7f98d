// In an untrusted workspace machines are shown, but nothing is built, started or run.

import assert from 'node:assert/strict';
import { lm, Uri, workspace } from 'vscode';
import { fakeMachine, fakeTarget } from '../fixtures/fake-facts.ts';
import { openFakeWindow, run } from './fake-window.ts';

describe('an untrusted workspace', () => {
  it('is what this window has', () => assert.equal(workspace.isTrusted, false));

  it('shows machines', async () => {
    const { lab, machines } = await openFakeWindow();
    lab.machines = [fakeMachine('web1')];
    assert.equal((await machines.provider.getChildren())?.length, 1);
  });

  it('runs nothing', async () => {
    const { lab } = await openFakeWindow();
    lab.calls.length = 0;
    await run('startMachine', { name: 'web2', target: fakeTarget });
    await run('openSource', { target: fakeTarget, file: 'fs/binfmt_misc.c' });
    await run('stopMachine', { machine: 'web1' });
    await run('runTrial', Uri.file('/nowhere/scenario.yaml'));
    assert.deepEqual(lab.calls, []);
  });

  it('builds and boots nothing for a language model either', async () => {
    const { lab } = await openFakeWindow();
    lab.calls.length = 0;
    for (const name of ['livepatchLab_build', 'livepatchLab_trial']) {
      const input = { patch: 'x', target: fakeTarget, scenario: '/nowhere/scenario.yaml' };
      const { content } = await lm.invokeTool(name, { input, toolInvocationToken: undefined });
      assert.match(JSON.stringify(content), /nothing runs in an untrusted workspace/);
    }
    assert.deepEqual(lab.calls, []);
  });
});
