// Turns: never more CPUs than the host has, first come, first served, and nobody waits for one that stalls or has given up.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setImmediate as settled } from 'node:timers/promises';
import { openTurns } from '../../../lab/src/trial/turns.ts';

const { signal } = new AbortController();

/** An act that lasts until it is told to end. */
function act(name: string, begun: string[]) {
  const over = new AbortController();
  const lasts = once(over.signal, 'abort').then(() => name);
  return { run: () => (begun.push(name), lasts), end: () => over.abort() };
}

describe('turns', () => {
  it('lets guests in while there are CPUs for them, in the order they came', async () => {
    const turns = openTurns(2);
    const begun: string[] = [];
    const [first, wide, last] = [act('first', begun), act('wide', begun), act('last', begun)];
    const running = [
      turns.take(1, signal, first.run),
      // More than there are: all of them.
      turns.take(4, signal, wide.run),
      turns.take(1, signal, last.run),
    ];
    await settled();
    assert.deepEqual(begun, ['first'], 'the last does not overtake');
    first.end();
    await settled();
    assert.deepEqual(begun, ['first', 'wide']);
    wide.end();
    last.end();
    assert.deepEqual(await Promise.all(running), ['first', 'wide', 'last']);
  });

  it('gives the turn back when the act fails, and forgets who gave up waiting', async () => {
    const turns = openTurns(1);
    const begun: string[] = [];
    const failing = turns.take(1, signal, () => Promise.reject(new Error('lost')));
    const impatient = new AbortController();
    const waiting = turns.take(1, impatient.signal, act('never', begun).run);
    impatient.abort(new Error('gave up'));
    await assert.rejects(waiting, /gave up/);
    await assert.rejects(failing, /lost/);
    assert.equal(await turns.take(1, signal, async () => 'next'), 'next');
    assert.deepEqual(begun, []);
  });

  it('does not wait for one that takes too long', async () => {
    const turns = openTurns(1, 5);
    const stalled = act('stalled', []);
    const running = turns.take(1, signal, stalled.run);
    assert.equal(await turns.take(1, signal, async () => 'next'), 'next');
    stalled.end();
    await running;
    assert.equal(await turns.take(1, signal, async () => 'and next'), 'and next');
  });
});
