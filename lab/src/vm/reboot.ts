// The control experiment: the same machine, really rebooted, so that its cost stands beside that of a livepatch.

import { isLabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Guest } from './guest/guest.ts';
import { type Restart, restartGuest } from './restart-guest.ts';

/** The guest goes down within milliseconds; this long is its silence listened to. */
const askMs = 1_000;

/** Asks the guest to reboot and returns a new connection to it; the old one is closed. Rejects as restartGuest does. */
export async function rebootGuest(
  { guest, ...where }: Pick<Restart, 'files' | 'run' | 'timeoutMs'> & { guest: Guest },
  ctx: OpContext,
): Promise<Guest> {
  return runStage(ctx, { id: 'reboot', title: `Reboot ${where.files.name}` }, (stage) =>
    restartGuest({ ...where, reason: 'control reboot', goDown: (signal) => goDown(guest, signal) }, stage),
  );
}

/** reboot(8) -f does not return; the connection it was asked over stays silent, for no one is left to close it. */
async function goDown(guest: Guest, signal: AbortSignal): Promise<void> {
  await guest.exec(['reboot', '-f'], { signal, timeoutMs: askMs }).catch((error: unknown) => {
    if (!isLabError(error, 'op.timeout') && !isLabError(error, 'guest.unreachable')) throw error;
  });
  await guest.close();
}
