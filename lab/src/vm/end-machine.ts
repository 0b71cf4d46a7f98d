// Ends a machine as its owner wishes: what its guest has written but not yet put on its disk is put there first.

import { isLabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import type { InstanceState } from './instance-state.ts';
import { attachMachine } from './machine.ts';
import { stopInstance } from './stop-instance.ts';

/** A guest that does not answer loses what it had not written yet, as at a power failure. */
const syncMs = 5_000;

/** Ends the machine; its directory stays. A stopped one is left as it is. */
export function endMachine(paths: LabPaths, { files, state, config }: InstanceState, ctx: OpContext): Promise<void> {
  return runStage(ctx, { id: 'down', title: `End ${files.name}` }, async (stage) => {
    if (state === 'running' && config?.boot.rootDisk) {
      stage.waiting('its disk to be written');
      if (!(await syncDisk(paths, files.name, stage)))
        stage.note('its guest did not answer, so its disk is as at a power failure');
    }
    stage.waiting('QEMU to end');
    await stopInstance(files);
  });
}

async function syncDisk(paths: LabPaths, name: string, ctx: OpContext): Promise<boolean> {
  const patience = AbortSignal.timeout(syncMs);
  const signal = AbortSignal.any([ctx.signal, patience]);
  try {
    const machine = await attachMachine({ paths, name }, { ...ctx, signal });
    try {
      return (await machine.guest.exec(['sync'], { signal, timeoutMs: syncMs })).exitCode === 0;
    } finally {
      await machine.detach();
    }
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (patience.aborted || isLabError(error)) return false;
    throw error;
  }
}
