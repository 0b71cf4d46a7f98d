import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { withCleanup } from '../../../lab/src/core/cleanup.ts';
import { isLabError, LabError } from '../../../lab/src/core/error.ts';
import type { LabEvent } from '../../../lab/src/core/event.ts';
import { runOperation, runStage, runTogether } from '../../../lab/src/core/operation.ts';
import { emptyOpView, reduceEvent } from '../../../lab/src/core/progress.ts';
import { operate } from '../../support/operation.ts';

const brief = (events: LabEvent[]) =>
  events.map((event) => ('stage' in event ? `${event.type} ${event.stage}` : event.type));

describe('runOperation', () => {
  it('nests stages by path and ends exactly once', async () => {
    const events: LabEvent[] = [];
    const result = await operate(
      (ctx) =>
        runStage(ctx, { id: 'outer', title: 'o' }, (stage) =>
          runStage(stage, { id: 'inner', title: 'i' }, async () => 7),
        ),
      { events },
    );
    assert.equal(result, 7);
    assert.deepEqual(brief(events), [
      'op.start',
      'stage.start outer',
      'stage.start outer/inner',
      'stage.end outer/inner',
      'stage.end outer',
      'op.end',
    ]);
  });

  it('turns an abort into op.cancelled and a bug into one', async () => {
    const cancel = new AbortController();
    const run = runOperation({ name: 'x', signal: cancel.signal, emit: () => undefined }, (ctx) =>
      sleep(10_000, undefined, ctx),
    );
    cancel.abort();
    await assert.rejects(run, (error) => isLabError(error, 'op.cancelled'));
    await assert.rejects(
      operate(async () => Promise.reject(new TypeError('oops'))),
      (error) => isLabError(error, 'bug') && error.culprit === 'us',
    );
  });

  it('starts no further stage once aborted', async () => {
    const cancel = new AbortController();
    cancel.abort(new LabError('op.cancelled', 'cancelled'));
    let ran = false;
    const stage = operate((ctx) => runStage(ctx, { id: 's', title: 's' }, async () => void (ran = true)), {
      signal: cancel.signal,
    });
    await assert.rejects(stage);
    assert.equal(ran, false);
  });
});

describe('runTogether', () => {
  it('returns every result', async () => {
    const results = await operate((ctx) => runTogether(ctx, [async () => 1, async () => 'two']));
    assert.deepEqual(results, [1, 'two']);
  });

  it('cancels the others when one fails, waits for them, and throws the first failure', async () => {
    let ended = false;
    const act = operate((ctx) =>
      runTogether(ctx, [
        async () => Promise.reject(new LabError('build.failed', 'first')),
        async (inner) => sleep(60_000, undefined, inner).catch(() => void (ended = true)),
      ]),
    );
    await assert.rejects(act, /first/);
    assert.equal(ended, true);
  });
});

describe('withCleanup', () => {
  it('undoes in reverse, also after a failure, and keeps that failure', async () => {
    const order: string[] = [];
    const act = withCleanup(async (defer) => {
      defer('a', () => order.push('a'));
      defer('b', () => {
        order.push('b');
        throw new Error('clean-up');
      });
      throw new Error('body');
    });
    await assert.rejects(act, /body/);
    assert.deepEqual(order, ['b', 'a']);
  });

  it('reports a failed clean-up when nothing else failed', async () => {
    await assert.rejects(
      withCleanup(async (defer) => defer('x', () => Promise.reject(new Error('stuck')))),
      /stuck/,
    );
  });
});

describe('reduceEvent', () => {
  const stamp = { at: 5, op: 'o' };

  it('keeps a failed stage with its error and drops what it waited for', () => {
    const error = { code: 'bug', message: 'm', culprit: 'us' } as const;
    const events: LabEvent[] = [
      { ...stamp, type: 'stage.start', stage: 'a', title: 'A' },
      { ...stamp, type: 'stage.waiting', stage: 'a', what: 'w' },
      { ...stamp, type: 'stage.end', stage: 'a', ok: false, ms: 3, cached: false, error },
    ];
    const [stage] = events.reduce(reduceEvent, emptyOpView).stages;
    assert.equal(stage?.state, 'failed');
    assert.equal(stage.waiting, undefined);
    assert.deepEqual(stage.error, error);
  });

  it('changes the latest of stages that ran twice', () => {
    const events: LabEvent[] = [
      { ...stamp, type: 'stage.start', stage: 'a', title: 'A' },
      { ...stamp, type: 'stage.end', stage: 'a', ok: true, ms: 1, cached: true },
      { ...stamp, type: 'stage.start', stage: 'a', title: 'A' },
    ];
    assert.deepEqual(
      events.reduce(reduceEvent, emptyOpView).stages.map(({ state }) => state),
      ['done', 'running'],
    );
  });
});
