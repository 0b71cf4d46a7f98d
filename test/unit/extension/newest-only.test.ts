// Only the newest of what is asked for is done.

import assert from 'node:assert/strict';
import { newestOnly } from '../../../extension/src/operations/newest-only.ts';

describe('newestOnly', () => {
  it('aborts what runs, skips what came between, and never runs two at once', async () => {
    const ended: string[] = [];
    let running = 0;
    const act = newestOnly(async (name: string, superseded) => {
      assert.equal((running += 1), 1);
      if (name !== 'last') await new Promise((resolve) => superseded.addEventListener('abort', resolve));
      running -= 1;
      ended.push(`${name}${superseded.aborted ? ' aborted' : ''}`);
    });
    const first = act('first');
    void act('second');
    await act('last');
    await first;
    assert.deepEqual(ended, ['first aborted', 'last']);
  });

  it('goes on after one that failed', async () => {
    const done: number[] = [];
    const act = newestOnly((value: number) => {
      if (value === 1) return Promise.reject(new Error('no'));
      done.push(value);
      return Promise.resolve();
    });
    await act(1);
    await act(2);
    assert.deepEqual(done, [2]);
  });
});
