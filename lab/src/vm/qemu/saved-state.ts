// A machine's state in a file: saved from a stopped QEMU, loaded into a waiting one (qemu: docs/devel/migration/main.rst).

import { LabError } from '../../core/error.ts';
import { waitUntil } from '../../core/wait.ts';
import type { QmpConnection } from './qmp.ts';

/** Whether guest memory is in the state file, or in a file of its own that QEMU maps (capability x-ignore-shared). */
export type RamPlace = 'with-state' | 'mapped';

export type SavedState = { path: string; ram: RamPlace };

const transferMs = 120_000;

/** Stops the guest and writes its state. The guest stays stopped. Rejects with `snapshot.failed`, naming QEMU's reason. */
export async function saveState(qmp: QmpConnection, { path, ram }: SavedState, signal: AbortSignal): Promise<void> {
  await qmp.execute('stop');
  await setRamPlace(qmp, ram);
  await qmp.execute('migrate', channel(path));
  await transferred(qmp, `saving to ${path}`, signal);
}

/** Loads the state into a QEMU that was started with `-incoming defer`; the guest stays stopped. Rejects as saveState. */
export async function loadState(qmp: QmpConnection, { path, ram }: SavedState, signal: AbortSignal): Promise<void> {
  await setRamPlace(qmp, ram);
  await qmp.execute('migrate-incoming', { ...channel(path), 'exit-on-error': false });
  await transferred(qmp, `loading ${path}`, signal);
}

async function setRamPlace(qmp: QmpConnection, ram: RamPlace): Promise<void> {
  const capabilities = [{ capability: 'x-ignore-shared', state: ram === 'mapped' }];
  await qmp.execute('migrate-set-capabilities', { capabilities });
}

/** The long form of `file:PATH`, in which a path may hold any character. */
function channel(path: string): Record<string, unknown> {
  return { channels: [{ 'channel-type': 'main', addr: { transport: 'file', filename: path, offset: 0 } }] };
}

type MigrateInfo = { status?: string; 'error-desc'?: string };

async function transferred(qmp: QmpConnection, what: string, signal: AbortSignal): Promise<void> {
  await waitUntil({ what, timeoutMs: transferMs, intervalMs: 2, signal }, async () => {
    const info = await qmp.execute<MigrateInfo>('query-migrate');
    if (info.status === 'completed') return true;
    if (info.status !== 'failed' && info.status !== 'cancelled') return undefined;
    throw new LabError('snapshot.failed', `${what}: ${info['error-desc'] ?? info.status}`);
  });
}
