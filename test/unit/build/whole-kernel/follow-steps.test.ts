import assert from 'node:assert/strict';
import { followSteps } from '../../../../lab/src/build/whole-kernel/follow-steps.ts';
import type { EventBody } from '../../../../lab/src/core/event.ts';

const first = { id: 'a', title: 'A' };

function recorded(signal = new AbortController().signal) {
  const events: string[] = [];
  const emit = (event: EventBody) => {
    if (event.type === 'stage.start') events.push(`start ${event.stage}`);
    if (event.type === 'stage.waiting') events.push(`waiting ${event.what}`);
    if (event.type === 'stage.end') events.push(`${event.ok ? 'end' : 'fail'} ${event.stage}`);
  };
  return { events, ctx: { signal, emit, stage: 'build' } };
}

describe('steps that a tool announces', () => {
  it('are stages, one after the other, all ended when it ends', async () => {
    const { events, ctx } = recorded();
    const result = await followSteps(ctx, first, async (steps) => {
      await Promise.resolve();
      steps.waiting('x');
      steps.enter({ id: 'b', title: 'B' });
      steps.enter({ id: 'c', title: 'C' });
      return 7;
    });
    const stages = ['a', 'b', 'c'].flatMap((id) => [`start build/${id}`, `end build/${id}`]);
    assert.deepEqual([result, events], [7, [stages[0], 'waiting x', ...stages.slice(1)]]);
  });

  it('the last fails with the tool, once', async () => {
    const { events, ctx } = recorded();
    const failing = followSteps(ctx, first, async (steps) => {
      await Promise.resolve();
      steps.enter({ id: 'b', title: 'B' });
      throw new Error('no');
    });
    await assert.rejects(failing, /^Error: no$/);
    assert.deepEqual(events, ['start build/a', 'end build/a', 'start build/b', 'fail build/b']);
  });

  it('begins nothing when it was cancelled before', async () => {
    const { events, ctx } = recorded(AbortSignal.abort(new Error('cancelled')));
    await assert.rejects(
      followSteps(ctx, first, async ({ enter }) => {
        enter({ id: 'b', title: 'B' });
        return Promise.reject(ctx.signal.reason as Error);
      }),
      /cancelled/,
    );
    assert.deepEqual(events, []);
  });
});
