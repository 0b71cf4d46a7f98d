// What a trial does with its machine when it is cancelled.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../../../lab/src/core/error.ts';
import { parseScenario } from '../../../lab/src/trial/scenario.ts';
import { runTrial, type TrialGround } from '../../../lab/src/trial/trial.ts';
import { operate } from '../../support/operation.ts';

const text = `schema: 1
title: t
patches:
  - title: p
    file: fix.patch
`;

describe('runTrial, cancelled', () => {
  let scratch: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'lpl-test-'));
    await writeFile(join(scratch, 'fix.patch'), '');
    await writeFile(join(scratch, 'console'), '');
  });
  after(() => rm(scratch, { recursive: true }));

  it('ends its machine at once, for what waits in it to end, and leaves no verdict', async () => {
    const abort = new AbortController();
    let stopped = () => {};
    const gone = new Promise<void>((resolve) => (stopped = resolve));
    const machine = {
      config: { accelerator: 'tcg' },
      files: { consoleLog: join(scratch, 'console') },
      stop: async () => stopped(),
      forget: async () => undefined,
    };
    const ground = {
      ...{ target: 'x', release: 'x', compiler: 'x', tool: 'x', turns: { take: () => assert.fail() } },
      boot: async () => machine,
      // Sees nothing of the signal, like a transition that is to be reversed first.
      build: async () => {
        setImmediate(() => abort.abort(new LabError('op.cancelled', 'cancelled')));
        await gone;
        throw new LabError('guest.unreachable', 'the ssh connection is gone');
      },
    } as unknown as TrialGround;
    const directory = join(scratch, 'trial');
    const scenario = parseScenario(text, join(scratch, 'x.yaml'));
    const running = operate((ctx) => runTrial(scenario, ground, directory, ctx), { signal: abort.signal });
    await assert.rejects(running, { code: 'op.cancelled' });
    assert.deepEqual(await readdir(directory), ['console.log']);
  });
});
