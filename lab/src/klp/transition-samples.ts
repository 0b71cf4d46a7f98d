// Follows a transition from inside the guest, 20 ms apart: how many tasks have reached the goal. The agent does it if the
// guest has one; the same lines come from a slower shell loop otherwise.

import { z } from 'zod';
import { LabError } from '../core/error.ts';
import { raceSignal } from '../core/wait.ts';
import type { Guest } from '../vm/guest.ts';
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
 * Calls `onSample` until the transition is over and resolves to the last sample. Rejects with the signal's reason, or
 * `guest.unreachable` when the guest is gone.
 */
export async function followSamples(
  request: { guest: Guest; module: string; onSample: (sample: TransitionSample) => void },
  signal: AbortSignal,
): Promise<TransitionSample> {
  const { guest, module, onSample } = request;
  const stream = await guest.stream(['sh', '-c', pollScript(module)], { signal });
  const follow = async (): Promise<TransitionSample> => {
    for await (const line of stream.lines) {
      const sample = parseTransitionLine(line, Date.now());
      onSample(sample);
      if (!sample.running) return sample;
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

// Without forks but for the pause; `read` fails for tasks that have just ended.
function pollScript(module: string): string {
  const directory = klpDirectory(module);
  return `[ -x /bin/lpl-agent ] && exec /bin/lpl-agent transition ${module}
while :; do
  patched=0 unpatched=0 idle=0 running=0 enabled=0
  for file in /proc/[0-9]*/task/[0-9]*/patch_state; do
    read -r state < $file || continue
    case $state in 1) patched=$((patched+1));; 0) unpatched=$((unpatched+1));; *) idle=$((idle+1));; esac
  done 2>/dev/null
  read -r enabled < ${directory}/enabled || enabled=0
  read -r running < ${directory}/transition || running=0
  echo "{\\"transition\\":$running,\\"enabled\\":$enabled,\\"patched\\":$patched,\\"unpatched\\":$unpatched,\\"idle\\":$idle}"
  [ $running = 1 ] || exit 0
  usleep 20000
done 2>/dev/null`;
}
