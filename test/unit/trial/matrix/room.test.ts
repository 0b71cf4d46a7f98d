import assert from 'node:assert/strict';
import { isLabError } from '../../../../lab/src/core/error.ts';
import type { LiveGuest } from '../../../../lab/src/vm/admission/admission.ts';
import { openRoom } from '../../../../lab/src/trial/matrix/room.ts';

describe('room for many machines', () => {
  const signal = new AbortController().signal;
  const host = { cpus: 2, availableMiB: 2000 };
  const wish = (name: string, memoryMiB = 800) => ({ name, cpus: 1, memoryMiB });
  const looking = (guests: LiveGuest[]) => async () => ({ guests, host });

  it('is kept for a machine that does not run yet, and given to the next when it leaves', async () => {
    const room = openRoom(looking([]));
    const leave = await room.enter(wish('a'), signal, () => assert.fail('there is room'));
    let waited = false;
    let entered = false;
    const second = room.enter(wish('b'), signal, () => void (waited = true)).then(() => (entered = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual([waited, entered], [true, false]);
    leave();
    await second;
  });

  it('does not count a machine twice once it runs', async () => {
    const room = openRoom(async () => ({
      guests: [{ ...wish('a'), residentMiB: 900 }],
      host: { cpus: 2, availableMiB: 1200 },
    }));
    await room.enter(wish('a'), signal, () => assert.fail('there is room'));
    await room.enter(wish('b'), signal, () => assert.fail('there is room beside one'));
  });

  it('refuses at once what can never fit', async () => {
    await assert.rejects(
      openRoom(looking([])).enter(wish('a', 9000), signal, () => undefined),
      (error) => isLabError(error, 'host.no-room'),
    );
  });

  it('waits no longer when it is cancelled', async () => {
    const cancel = new AbortController();
    const room = openRoom(looking([{ ...wish('other', 1900), residentMiB: 0 }]));
    const waiting = room.enter(wish('a'), cancel.signal, () => cancel.abort());
    await assert.rejects(waiting);
  });
});
