// Lets machines in one by one: whoever is let in is seen by the next.

import { withLock } from '../../core/lock.ts';
import { requireRoom, type Wish } from './admission.ts';
import { liveGuests, readHost } from './live-guests.ts';

/** Whoever starts a machine looks and starts under this lock, so that two do not take the same room. */
const lockName = 'admission of machines';
const lockWaitMs = 60_000;

/** Starts a QEMU if there is room for it. Rejects with `host.no-room`, or as `start` does. */
export async function admit<T>(wish: Wish, signal: AbortSignal, start: () => Promise<T>): Promise<T> {
  return withLock(lockName, { signal, waitMs: lockWaitMs }, async () => {
    requireRoom(wish, liveGuests(), await readHost());
    return start();
  });
}
