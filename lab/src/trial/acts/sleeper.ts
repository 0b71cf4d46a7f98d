// A task of the scenario's that sleeps in a patched function until it is woken.

import type { OpContext } from '../../core/operation.ts';
import { waitUntil } from '../../core/wait.ts';
import type { Guest, GuestResult } from '../../vm/guest/guest.ts';
import type { ActRequest } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';

export type Sleeper = {
  pid: number;
  /** Symbols, innermost first; of a livepatch: `f [livepatch_x]`. */
  stack: string[];
  /** Resolves to what became of its command once it is woken. */
  wake(): Promise<GuestResult>;
  isAsleep(): Promise<boolean>;
};

const fallAsleepMs = 30_000;
const sleepMs = 600_000;

/** Starts the command of the scenario; the act cannot be played when no task comes to sleep in one of the functions. */
export async function startSleeper(
  { guest, patch, functions }: ActRequest,
  steps: ActSteps,
  ctx: OpContext,
): Promise<Sleeper> {
  if (!patch.sleeper) return steps.cannot('the scenario tells no sleeper');
  const { command, wake } = patch.sleeper;
  const { signal } = ctx;
  const running = guest.exec(['sh', '-c', command], { signal, timeoutMs: sleepMs });
  running.catch(() => undefined);
  const asleep = await waitUntil({ what: 'a task asleep', timeoutMs: fallAsleepMs, signal }, () =>
    findSleeper(guest, functions, signal),
  ).catch(() => undefined);
  signal.throwIfAborted();
  if (!asleep) return steps.cannot(`no task came to sleep in ${functions.join(' or ')}`);
  return {
    ...asleep,
    wake: async () => {
      await guest.script(wake, { signal });
      return running;
    },
    isAsleep: async () => (await findSleeper(guest, functions, signal))?.pid === asleep.pid,
  };
}

async function findSleeper(guest: Guest, functions: readonly string[], signal: AbortSignal) {
  const script = 'for task in /proc/[0-9]*; do echo "task ${task#/proc/}"; cat $task/stack; done 2>/dev/null || true';
  const { stdout } = await guest.script(script, { signal });
  return parseStacks(stdout).find(({ stack }) => stack.some((frame) => functions.includes(frame.split(' ')[0] ?? '')));
}

/** Pure: `task PID`, then lines of proc(5) stack, `[<0>] f+0x12/0x34 [module]`. */
export function parseStacks(text: string): { pid: number; stack: string[] }[] {
  return text
    .split(/^task /m)
    .slice(1)
    .map((block) => {
      const [pid = '', ...lines] = block.trimEnd().split('\n');
      return { pid: Number(pid), stack: lines.map((line) => line.replace(/^\[<\w+>\] /, '').replace(/\+\S+/, '')) };
    });
}
