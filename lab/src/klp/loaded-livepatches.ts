// Which livepatches a machine has loaded, asked so that nobody ever hangs on a guest that does not answer.

import { isLabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import { attachMachine } from '../vm/machine.ts';
import { readKlpStatus } from './klp-status.ts';

/** A listing waits this long for a guest, connection included. */
const answerMs = 2_500;

/** Names of the enabled livepatches; undefined when the guest does not answer in time. */
export async function loadedLivepatches(paths: LabPaths, name: string, ctx: OpContext): Promise<string[] | undefined> {
  const patience = AbortSignal.timeout(answerMs);
  const signal = AbortSignal.any([ctx.signal, patience]);
  try {
    const machine = await attachMachine({ paths, name }, { ...ctx, signal });
    try {
      return (await readKlpStatus(machine.guest, signal)).filter(({ enabled }) => enabled).map((patch) => patch.name);
    } finally {
      await machine.detach();
    }
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (patience.aborted || isLabError(error)) return undefined;
    throw error;
  }
}
