// A time-out by the guest's time, with a host that keeps the guest waiting when the test says so.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterGuestTime } from '../../../lab/src/workload/guest-time.ts';

/** Begins, keeps the guest waiting for `delayMs`, and resolves to the time until it is over. */
async function overAfter(timeoutMs: number, delayMs: number): Promise<number> {
  let heldMs = 700;
  const began = performance.now();
  const over = new Promise<void>((resolve) => void afterGuestTime(timeoutMs, () => heldMs, resolve));
  heldMs += delayMs;
  await over;
  return performance.now() - began;
}

describe('afterGuestTime', () => {
  it('comes when the guest has had the time: later by what the host kept from it', async () => {
    assert.ok((await overAfter(50, 0)) >= 49);
    assert.ok((await overAfter(50, 200)) >= 249);
  });

  it('comes at last, whatever the host does', async () => {
    assert.ok((await overAfter(20, Infinity)) >= 199);
  });

  it('is called off', async () => {
    let isOver = false;
    const callOff = afterGuestTime(
      20,
      () => 0,
      () => (isOver = true),
    );
    callOff();
    await sleep(60);
    assert.equal(isOver, false);
  });
});
