// How several processes share one QEMU: commands go over short connections under a lock; each observer holds one of the
// observer sockets. Who finds none free is told so at once (a second client of one socket would wait for ever).

import { isLabError, LabError } from '../../core/error.ts';
import { withLock } from '../../core/lock.ts';
import type { InstanceFiles } from '../instance/instance-files.ts';
import { connectQmp, type QmpConnection, type QmpEvent } from './qmp.ts';

const lockWaitMs = 10_000;
/** QEMU does not greet while it loads a snapshot, which takes its time on a busy host. Observers have that. */
const observerGreetingMs = 60_000;

/** Runs `act` over a connection of its own to the command socket. */
export async function withQmp<T>(
  files: InstanceFiles,
  signal: AbortSignal,
  act: (qmp: QmpConnection) => Promise<T>,
): Promise<T> {
  return withLock(files.qmp, { signal, waitMs: lockWaitMs }, async () => {
    const qmp = await connectQmp(files.qmp, { signal });
    try {
      return await act(qmp);
    } finally {
      await qmp.close();
    }
  });
}

/**
 * Calls `onEvent` for every QMP event until the signal aborts or QEMU is gone, then resolves. `onReady` is called once
 * no further event can be missed. Rejects with `state.locked` when every observer socket is taken, `qemu.mute` when QEMU does
 * not greet for a minute.
 */
export async function observeQmp(
  files: InstanceFiles,
  options: { signal: AbortSignal; onEvent: (event: QmpEvent) => void; onReady?: () => void },
): Promise<void> {
  for (const path of files.watch) {
    try {
      await withLock(path, { signal: options.signal, waitMs: 0 }, () => observe(path, options));
      return;
    } catch (error) {
      if (!isLabError(error, 'state.locked')) throw error;
    }
  }
  throw new LabError('state.locked', `machine ${files.name} is watched by ${files.watch.length} others already`, {
    hint: 'end one of them: an editor window, a trial or `lpl vm console`',
  });
}

async function observe(
  path: string,
  { signal, onEvent, onReady }: { signal: AbortSignal; onEvent: (event: QmpEvent) => void; onReady?: () => void },
): Promise<void> {
  const qmp = await connectQmp(path, { signal, onEvent, answerMs: observerGreetingMs });
  onReady?.();
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([qmp.closed, aborted]);
  await qmp.close();
}
