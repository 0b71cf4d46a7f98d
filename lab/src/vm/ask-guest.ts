// Asks something of a guest that may not answer, so that nobody ever hangs on it.

import { isLabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import type { Guest } from './guest/guest.ts';
import { attachMachine } from './machine.ts';

/**
 * What `ask` finds out, over a connection of its own; undefined when the guest cannot be reached, refuses, or takes longer
 * than `patienceMs` in all. Rejects only when the operation is cancelled.
 */
export async function askGuest<T>(
  { paths, name, patienceMs }: { paths: LabPaths; name: string; patienceMs: number },
  ctx: OpContext,
  ask: (guest: Guest, signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const patience = AbortSignal.timeout(patienceMs);
  const signal = AbortSignal.any([ctx.signal, patience]);
  try {
    const machine = await attachMachine({ paths, name }, { ...ctx, signal });
    try {
      return await ask(machine.guest, signal);
    } finally {
      await machine.detach();
    }
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (patience.aborted || isLabError(error)) return undefined;
    throw error;
  }
}
