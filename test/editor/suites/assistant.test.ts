// Tools for language models, over the fake lab: what they answer, and which of them ask the user first.

import assert from 'node:assert/strict';
import { CancellationTokenSource, extensions, lm, MarkdownString } from 'vscode';
import { languageModelTool, tools } from '../../../extension/src/assistant/lab-tools.ts';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeMachine, fakeTarget } from '../fixtures/fake-facts.ts';
import { freshFakeWindow } from './fake-window.ts';

type Manifest = { contributes: { languageModelTools: { name: string }[] } };

describe('tools for language models', () => {
  let fake: FakeExtension;

  beforeEach(async () => {
    fake = await freshFakeWindow();
  });

  const ask = async (name: string, input: object) => {
    const { content } = await lm.invokeTool(name, { input, toolInvocationToken: undefined });
    return JSON.stringify(content);
  };

  it('are all there that the manifest tells of', () => {
    const extension = extensions.getExtension('livepatch-lab.livepatch-lab-vscode');
    const { contributes } = extension?.packageJSON as Manifest;
    const names = contributes.languageModelTools.map(({ name }) => name).sort();
    assert.deepEqual(Object.keys(tools).sort(), names);
    for (const name of names)
      assert.ok(
        lm.tools.some((tool) => tool.name === name),
        name,
      );
  });

  it('ask before they build or boot, saying for which kernel and which scenario, and look without asking', async () => {
    const { token } = new CancellationTokenSource();
    const asked: Record<string, string | undefined> = {};
    for (const [name, tool] of Object.entries(tools)) {
      const offered = languageModelTool(undefined as never, name, tool);
      const input = { target: 'debian:bookworm/cloud-amd64', scenario: '/s/fix.yaml' };
      const { message } = (await offered.prepareInvocation?.({ input }, token))?.confirmationMessages ?? {};
      asked[name] = message instanceof MarkdownString ? message.value : message;
    }
    assert.deepEqual(asked, {
      livepatchLab_build: 'Build a livepatch module for debian:bookworm/cloud-amd64?',
      livepatchLab_trial: 'Boot a machine and run the scenario /s/fix.yaml?',
      livepatchLab_status: undefined,
      livepatchLab_explain: undefined,
    });
  });

  it('answer what is live, and what was built', async () => {
    fake.lab.machines = [fakeMachine('web1')];
    assert.match(await ask('livepatchLab_status', {}), /web1/);
    assert.match(await ask('livepatchLab_build', { patch: 'x', target: fakeTarget }), /built/);
    assert.ok(fake.lab.calls.includes(`build ${fakeTarget}`));
  });

  it('answer an error with what to do about it, rather than throw', async () => {
    fake.lab.failure = Object.assign(new Error('no room'), { name: 'LabError', code: 'host.no-room', hint: 'end one' });
    assert.match(await ask('livepatchLab_trial', { scenario: '/s/fix.yaml' }), /no room.*host\.no-room.*end one/);
  });
});
