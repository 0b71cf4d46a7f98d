// Ends a machine as its owner wishes: what its guest has written but not yet put on its disk is put there first.

import { type OpContext, runStage } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import type { InstanceState } from './instance-state.ts';
import { askGuest } from './ask-guest.ts';
import { stopInstance } from './stop-instance.ts';

/** A guest that does not answer loses what it had not written yet, as at a power failure. */
const syncMs = 30_000;

/** Ends the machine; its directory stays. A stopped one is left as it is. */
export function endMachine(paths: LabPaths, { files, state, config }: InstanceState, ctx: OpContext): Promise<void> {
  return runStage(ctx, { id: 'down', title: `End ${files.name}` }, async (stage) => {
    if (state === 'running' && config?.boot.rootDisk) {
      stage.waiting('its disk to be written');
      const where = { paths, name: files.name, patienceMs: syncMs };
      const synced = await askGuest(where, stage, (guest, signal) => guest.exec(['sync'], { signal }));
      if (synced?.exitCode !== 0) stage.note('its guest did not answer, so its disk is as at a power failure');
    }
    stage.waiting('QEMU to end');
    await stopInstance(files);
  });
}
