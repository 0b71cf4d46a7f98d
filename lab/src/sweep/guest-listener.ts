// Listens to a guest's console while a batch runs in it, and knows when there is nothing more to wait for.

import { waitUntil } from '../core/wait.ts';
import type { ConsoleReport } from '../vm/console/console-report.ts';
import type { RunningMachine } from '../vm/machine.ts';
import type { MachineEvent } from '../vm/watch-machine.ts';

export type GuestListener = {
  /** Console lines so far. */
  lines: string[];
  reports: ConsoleReport[];
  isDead: () => boolean;
  /** Resolves when QEMU has ended or the console has been silent for that long. */
  untilSilent: (silenceMs: number) => Promise<void>;
  close: () => Promise<void>;
};

/** From now on; nothing is missed once this resolves. */
export async function listenTo(machine: RunningMachine): Promise<GuestListener> {
  const over = new AbortController();
  const lines: string[] = [];
  const reports: ConsoleReport[] = [];
  let heardAt = performance.now();
  let isDead = false;
  const onEvent = (event: MachineEvent) => {
    if (event.type === 'ended') isDead = true;
    if (event.type === 'report') reports.push(event.report);
    if (event.type !== 'console') return;
    heardAt = performance.now();
    lines.push(event.line);
  };
  const { signal } = over;
  let watching = Promise.resolve();
  await new Promise<void>((ready, reject) => {
    watching = machine.watch({ signal, onEvent, onReady: ready });
    watching.catch(reject);
  });
  return {
    lines,
    reports,
    isDead: () => isDead,
    untilSilent: async (silenceMs) => {
      const isOver = () => (isDead || performance.now() - heardAt > silenceMs ? true : undefined);
      const wait = { what: 'the guest to fall silent', timeoutMs: 24 * 3600_000, intervalMs: 100, signal };
      await waitUntil(wait, isOver).catch(() => undefined);
    },
    close: async () => {
      over.abort();
      await watching.catch(() => undefined);
    },
  };
}
