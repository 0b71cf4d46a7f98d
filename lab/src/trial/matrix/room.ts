// Room on this host for the machines of many cells: each waits until the others leave enough, instead of being refused.

import { setTimeout as sleep } from 'node:timers/promises';
import { isLabError } from '../../core/error.ts';
import { type Host, type LiveGuest, requireRoom, type Wish } from '../../vm/admission/admission.ts';
import { liveGuests, readHost } from '../../vm/admission/live-guests.ts';

export type Room = {
  /**
   * Resolves once there is room, and keeps it until the returned act is called. Rejects with `host.no-room` when there can be
   * none, or is none for ten minutes.
   */
  enter(wish: Wish, signal: AbortSignal, onWait: () => void): Promise<() => void>;
};

const patienceMs = 10 * 60_000;
const lookEveryMs = 500;

/** `look` tells who runs on the host, and what it has. */
export function openRoom(look = async () => ({ guests: liveGuests(), host: await readHost() })): Room {
  /** Let in, and perhaps not running yet. */
  const inside = new Map<string, Wish>();
  return {
    enter: async (wish, signal, onWait) => {
      const deadline = performance.now() + patienceMs;
      for (let told = false; ; told = true) {
        signal.throwIfAborted();
        const { guests, host } = await look();
        const others = [...guests, ...notYetRunning(inside, guests)];
        if (fits(wish, others, host, performance.now() < deadline)) break;
        if (!told) onWait();
        await sleep(lookEveryMs, undefined, { signal });
      }
      inside.set(wish.name, wish);
      return () => void inside.delete(wish.name);
    },
  };
}

const notYetRunning = (inside: ReadonlyMap<string, Wish>, guests: readonly LiveGuest[]): LiveGuest[] =>
  [...inside.values()]
    .filter(({ name }) => !guests.some((guest) => guest.name === name))
    .map((wish) => ({ ...wish, residentMiB: 0 }));

/** Throws when waiting cannot help, or has not. */
function fits(wish: Wish, others: readonly LiveGuest[], host: Host, patient: boolean): boolean {
  try {
    requireRoom(wish, others, host);
    return true;
  } catch (error) {
    if (!patient || others.length === 0 || !isLabError(error, 'host.no-room')) throw error;
    return false;
  }
}
