// In a workspace that has nothing to do with kernels the extension stays asleep; and how long waking it takes.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { extensions } from 'vscode';
import { note } from './figures.ts';

const settledMs = 5_000;

describe('activation', () => {
  it('is none in an unrelated workspace, and quick when it is asked for', async () => {
    const extension = extensions.getExtension('livepatch-lab.livepatch-lab-vscode');
    assert.ok(extension);
    await sleep(settledMs);
    note('activations in an unrelated workspace', 'activations', Number(extension.isActive));
    const started = performance.now();
    await extension.activate();
    note('activation of the extension', 'ms', performance.now() - started);
  });
});
