// Lets the guest start anew inside the same QEMU, and gives it its identity again.

import { withCleanup } from '../core/cleanup.ts';
import type { StageContext } from '../core/operation.ts';
import { consoleEnd } from './console/console-segments.ts';
import type { Guest } from './guest/guest.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import type { InstanceRun } from './instance/instance-record.ts';
import { withdrawParcel } from './image/parcel.ts';
import { withQmp } from './qemu/qmp-access.ts';
import { waitForBoot } from './readiness.ts';

export type Restart = {
  files: InstanceFiles;
  run: InstanceRun;
  /** Time for the new boot until ssh. */
  timeoutMs: number;
  /** Makes the guest go down. */
  goDown: (signal: AbortSignal) => Promise<void>;
  reason: string;
};

/**
 * A connection to the restarted guest. A restart that nobody asked for ends QEMU again afterwards. Rejects with `vm.dead`
 * or `vm.boot-timeout`.
 */
export async function restartGuest(restart: Restart, ctx: StageContext): Promise<Guest> {
  const { files, run, timeoutMs, goDown, reason } = restart;
  return withCleanup(async (defer) => {
    const consoleFrom = await consoleEnd(files.consoleLog);
    await setRebootAction(files, 'reset', ctx.signal);
    defer('end QEMU on a restart again', () => setRebootAction(files, 'shutdown', new AbortController().signal));
    ctx.emit({ type: 'vm.state', vm: files.name, state: 'reset', reason });
    await withdrawParcel(files.parcel);
    await goDown(ctx.signal);
    const guest = await waitForBoot({ files, run, consoleFrom, timeoutMs }, ctx);
    ctx.emit({ type: 'vm.state', vm: files.name, state: 'running' });
    return guest;
  });
}

async function setRebootAction(files: InstanceFiles, action: 'reset' | 'shutdown', signal: AbortSignal): Promise<void> {
  await withQmp(files, signal, (qmp) => qmp.execute('set-action', { reboot: action }));
}
