// Named pipes (fifo(7)) between a process that takes a path and one that holds both ends' life in hand.

import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { runCommand } from './process.ts';

export type Fifo = {
  /** To read from, blocking. The reader sees the end once `release` was called and every other writer is gone. */
  openReader(): number;
  /** To read from, for an event loop. */
  openPolledReader(): number;
  /** Call when the writer has opened it: until then this end keeps writers from waiting and readers from ending. */
  release: () => void;
};

/** Makes a fifo, mode 0600, in place of whatever has that name. Writers and readers can open it at once. */
export async function makeFifo(path: string, signal: AbortSignal): Promise<Fifo> {
  rmSync(path, { force: true });
  await runCommand({ argv: ['mkfifo', '-m', '600', path] }, { signal, timeoutMs: 10_000 });
  // Opened for both directions it never blocks (fifo(7), Linux).
  let keeper: number | undefined = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  return {
    openReader: () => openSync(path, constants.O_RDONLY),
    openPolledReader: () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    release: () => {
      if (keeper !== undefined) closeSync(keeper);
      keeper = undefined;
    },
  };
}
