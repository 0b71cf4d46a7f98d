// The control experiment: the same machine, really rebooted, so that its cost stands beside that of a livepatch.

import { stat } from 'node:fs/promises';
import { isLabError } from '../core/error.ts';
import { withCleanup } from '../core/cleanup.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Guest } from './guest.ts';
import type { InstanceFiles } from './instance-files.ts';
import type { InstanceRun } from './instance-record.ts';
import { withQmp } from './qmp-access.ts';
import { withdrawParcel } from './parcel.ts';
import { waitForBoot } from './readiness.ts';

/** The guest goes down within milliseconds; this long is its silence listened to. */
const askMs = 1_000;

/**
 * Reboots the guest without ending QEMU and returns a new connection to it; the old one is closed. A restart that
 * nobody asked for ends QEMU again afterwards. Rejects with `vm.dead` or `vm.boot-timeout`.
 */
export async function rebootGuest(
  request: { files: InstanceFiles; run: InstanceRun; guest: Guest; timeoutMs: number },
  ctx: OpContext,
): Promise<Guest> {
  const { files, run, guest, timeoutMs } = request;
  return runStage(ctx, { id: 'reboot', title: `Reboot ${files.name}` }, (stage) =>
    withCleanup(async (defer) => {
      const consoleFrom = (await stat(files.consoleLog)).size;
      await setRebootAction(files, 'reset', stage.signal);
      defer('end QEMU on a restart again', () => setRebootAction(files, 'shutdown', new AbortController().signal));
      ctx.emit({ type: 'vm.state', vm: files.name, state: 'reset', reason: 'control reboot' });
      await withdrawParcel(files.parcel);
      await goDown(guest, stage.signal);
      const rebooted = await waitForBoot({ files, run, consoleFrom, timeoutMs }, stage);
      ctx.emit({ type: 'vm.state', vm: files.name, state: 'running' });
      return rebooted;
    }),
  );
}

/** reboot(8) -f does not return; the connection it was asked over stays silent, for no one is left to close it. */
async function goDown(guest: Guest, signal: AbortSignal): Promise<void> {
  await guest.exec(['reboot', '-f'], { signal, timeoutMs: askMs }).catch((error: unknown) => {
    if (!isLabError(error, 'op.timeout') && !isLabError(error, 'guest.unreachable')) throw error;
  });
  await guest.close();
}

async function setRebootAction(files: InstanceFiles, action: 'reset' | 'shutdown', signal: AbortSignal): Promise<void> {
  await withQmp(files, signal, (qmp) => qmp.execute('set-action', { reboot: action }));
}
