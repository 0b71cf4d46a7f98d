// Follows a transition from inside the guest, 40 ms apart: how many tasks have reached the goal. The lab's agent counts
// (images/guest/agent.c): over ssh a single look at every task would take longer than many a transition.

import { z } from 'zod';
import { LabError } from '../core/error.ts';
import { raceSignal } from '../core/wait.ts';
import type { Guest } from '../vm/guest/guest.ts';
import { klpDirectory } from './klp-status.ts';

export type Direction = 'patching' | 'unpatching';

/** `at`: host time, ms since the epoch. `enabled`: what the patch is or will be once the transition is over. */
export type TransitionSample = {
  at: number;
  running: boolean;
  enabled: boolean;
  patched: number;
  unpatched: number;
  idle: number;
};

const lineSchema = z.object({
  transition: z.number(),
  enabled: z.number(),
  patched: z.number(),
  unpatched: z.number(),
  idle: z.number(),
});

/** One line of the poller. Throws `guest.command-failed` for anything else. */
export function parseTransitionLine(line: string, at: number): TransitionSample {
  try {
    const { transition, enabled, ...counts } = lineSchema.parse(JSON.parse(line));
    return { at, running: transition === 1, enabled: enabled === 1, ...counts };
  } catch (error) {
    throw new LabError('guest.command-failed', `the transition poller said ${JSON.stringify(line.slice(0, 100))}`, {
      cause: error,
    });
  }
}

/**
 * Calls `onSample` every 40 ms, from before the module is there until it returns true, and resolves to that last sample.
 * Rejects with the signal's reason, or `guest.unreachable` when the guest is gone.
 */
export async function followSamples(
  request: { guest: Guest; module: string; onSample: (sample: TransitionSample) => boolean },
  signal: AbortSignal,
): Promise<TransitionSample> {
  const { guest, module, onSample } = request;
  klpDirectory(module);
  const stream = await guest.stream(['/bin/lpl-agent', 'transition', module], { signal });
  const follow = async (): Promise<TransitionSample> => {
    for await (const line of stream.lines) {
      const sample = parseTransitionLine(line, Date.now());
      if (onSample(sample)) return sample;
    }
    throw new LabError('guest.unreachable', `${guest.name} went silent in the transition of ${module}`);
  };
  const following = follow();
  following.catch(() => undefined);
  try {
    return await raceSignal(following, signal);
  } finally {
    stream.close();
  }
}
