// The reset button: the guest starts anew whatever it was doing, hung or not.

import { type OpContext, runStage } from '../core/operation.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import type { InstanceRun } from './instance/instance-record.ts';
import { withQmp } from './qemu/qmp-access.ts';
import { restartGuest } from './restart-guest.ts';

const bootTimeoutMs = 90_000;

/** Resets the guest and waits until it answers over ssh again. Nothing is asked of it. Rejects as restartGuest does. */
export function resetMachine(machine: { files: InstanceFiles; run: InstanceRun }, ctx: OpContext): Promise<void> {
  const { files } = machine;
  return runStage(ctx, { id: 'reset', title: `Reset ${files.name}` }, async (stage) => {
    const goDown = (signal: AbortSignal) =>
      withQmp(files, signal, async (qmp) => {
        await qmp.execute('system_reset');
        // A stopped guest (a debugger, a panic) would stay stopped.
        const { running } = await qmp.execute<{ running: boolean }>('query-status');
        if (!running) await qmp.execute('cont');
      });
    const guest = await restartGuest({ ...machine, timeoutMs: bootTimeoutMs, reason: 'reset', goDown }, stage);
    await guest.close();
  });
}
