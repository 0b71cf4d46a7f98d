// Whether a guest still answers. Silent is one that neither prints nor answers its own service (lpl-agent) for a while in
// which QEMU runs it and the host lets it: time that its CPUs spent waiting for one of the host's does not count, nor does
// time in which it was stopped. Who never answered is not accused.

import { createConnection, type Socket } from 'node:net';
import { longestDelayMs, openRunDelays } from '../core/run-delays.ts';

/** A guest that is merely busy under TCG answers within a second or two; the kernel's own soft lockup takes 20 s. */
export const silentAfterMs = 15_000;
const paceMs = 1_000;
/** A connection that is closed sooner than this was refused by the guest's kernel, which is a sign of life as well. */
const refusalMs = 1_000;

export type Heartbeat = {
  /** Something else has shown that the guest lives, or it was stopped until now. */
  seen: () => void;
  /** The guest boots anew, and is not accused before it has answered again. */
  restarted: () => void;
  stop: () => void;
};

/** Calls `onSilent` once for each silence. `port`: the service on 127.0.0.1; `pid`: QEMU. */
export function watchHeartbeat({ port, pid }: { port: number; pid: number }, onSilent: () => void): Heartbeat {
  let socket: Socket | undefined;
  let hasAnswered = false;
  let isTold = false;
  let askedAt = 0;
  let silentMs = 0;
  const delays = openRunDelays(pid);
  let before = delays.read();
  let lookedAt = performance.now();
  const seen = () => {
    silentMs = 0;
    isTold = false;
  };
  const answered = () => {
    hasAnswered = true;
    seen();
  };
  const ask = () => {
    askedAt = performance.now();
    if (!socket) {
      const opened = createConnection(port, '127.0.0.1');
      socket = opened;
      opened.on('data', answered);
      opened.on('error', () => undefined);
      opened.on('close', () => {
        if (socket === opened) socket = undefined;
        if (performance.now() - askedAt < refusalMs) seen();
      });
      opened.unref();
    }
    socket.write('1\n');
  };
  const timer = setInterval(() => {
    const [now, after] = [performance.now(), delays.read()];
    silentMs += Math.max(0, now - lookedAt - longestDelayMs(before, after));
    [before, lookedAt] = [after, now];
    if (hasAnswered && !isTold && silentMs >= silentAfterMs) {
      isTold = true;
      onSilent();
    }
    ask();
  }, paceMs);
  timer.unref();
  ask();
  return {
    seen,
    restarted: () => {
      hasAnswered = false;
      seen();
      socket?.destroy();
    },
    stop: () => {
      clearInterval(timer);
      delays.close();
      socket?.destroy();
    },
  };
}
