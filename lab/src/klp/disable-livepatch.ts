// Disables a livepatch: every task goes back to the original code.

import { LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Guest } from '../vm/guest/guest.ts';
import { readKlpStatus } from './klp-status.ts';
import {
  defaultTransitionMs,
  followTransition,
  setEnabled,
  transitionNote,
  type TransitionResult,
} from './transition.ts';

export type DisableRequest = { guest: Guest; module: string; /** default 35 s */ timeoutMs?: number };

/**
 * Disables and follows; a stall is rolled back (the patch is enabled again) and is a result. Rejects with `klp.unknown`
 * when the guest has no such livepatch, `klp.busy` when the kernel refuses.
 */
export async function disableLivepatch(request: DisableRequest, ctx: OpContext): Promise<TransitionResult> {
  const { guest, module, timeoutMs = defaultTransitionMs } = request;
  return runStage(ctx, { id: 'disable', title: `disable ${module}` }, async (stage) => {
    const begin = async (signal: AbortSignal) => {
      const { exitCode, stderr } = await setEnabled(guest, module, 0, signal);
      if (exitCode !== 0) await requireDisabled(guest, module, stderr, signal);
    };
    const result = await followTransition({ guest, module, direction: 'unpatching', timeoutMs, begin }, stage);
    stage.note(transitionNote(result));
    return result;
  });
}

/** Throws unless it was disabled before; asked only when the kernel refused, for the guest's time is dear. */
async function requireDisabled(guest: Guest, module: string, said: string, signal: AbortSignal): Promise<void> {
  const patch = (await readKlpStatus(guest, signal)).find(({ name }) => name === module);
  if (!patch)
    throw new LabError('klp.unknown', `${guest.name} has no livepatch ${module}`, {
      hint: '`lpl klp status` shows those it has',
    });
  if (patch.enabled)
    throw new LabError('klp.busy', `${guest.name}: cannot disable ${module}: ${said.trim()}`, {
      hint: 'disable the livepatches that were loaded after it first',
    });
}
