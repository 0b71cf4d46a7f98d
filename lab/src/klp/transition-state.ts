// Where a transition stands that somebody else began: how many tasks are on which side, and which hold it back.

import type { StalledTask } from '../core/event.ts';
import type { Guest } from '../vm/guest/guest.ts';
import { readStragglers } from './stragglers.ts';
import { type Direction, followSamples } from './transition-samples.ts';

export type TransitionState = {
  direction: Direction;
  /** Tasks by their patch_state: 1, 0, and -1 (no transition concerns them). */
  tasks: { patched: number; unpatched: number; idle: number };
  /** Tasks that have not reached the goal, with their stacks. */
  behind: StalledTask[];
};

/** Undefined when that livepatch is not in transition (any more). */
export async function readTransition(
  guest: Guest,
  module: string,
  signal: AbortSignal,
): Promise<TransitionState | undefined> {
  const { running, enabled, patched, unpatched, idle } = await followSamples(
    { guest, module, onSample: () => true },
    signal,
  );
  if (!running) return undefined;
  const direction = enabled ? 'patching' : 'unpatching';
  return { direction, tasks: { patched, unpatched, idle }, behind: await readStragglers(guest, direction, signal) };
}
