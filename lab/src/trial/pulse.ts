// The pulse of a running machine, for eyes that watch it live: numbered requests on a long-lived connection, and the guest's
// own heartbeat. Nothing is judged and nothing is kept.

import type { OpContext } from '../core/operation.ts';
import type { RunningMachine } from '../vm/machine.ts';
import { startServiceLoad } from '../workload/service-load.ts';
import { startWitness, type Witness } from '../workload/witness.ts';

/** What came since the pulse before. `at`: host times, ms since the epoch. */
export type Pulse = {
  at: number;
  /** `latencyMs` null: never answered. */
  requests: { at: number; latencyMs: number | null }[];
  /** Longest time between two 40 ms ticks of the guest. */
  gapMs?: number;
  /** Milliseconds since the guest booted, and which boot it is. */
  upMs?: number;
  bootId?: string;
};

const load = { connections: 2, beatMs: 40, timeoutMs: 3000 };
/** Twenty pulses a second. */
const pulseMs = 50;

/** Calls `onPulse` until the signal aborts; a guest that dies goes on as requests without an answer. */
export async function followPulse(
  machine: Pick<RunningMachine, 'guest' | 'run'>,
  ctx: OpContext,
  onPulse: (pulse: Pulse) => void,
): Promise<void> {
  const origin = Date.now();
  const clock = () => Date.now() - origin;
  const service = startServiceLoad({ port: machine.run.ports.service, ...load, clock });
  const witness = await startWitness(machine.guest, [], clock, ctx.signal).catch(() => undefined);
  const timer = setInterval(() => onPulse(nextPulse(origin, take(service.requests), witness)), pulseMs);
  await new Promise<void>((resolve) => {
    if (ctx.signal.aborted) resolve();
    ctx.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(timer);
  await Promise.all([service.stop(), witness?.stop()]);
}

function nextPulse(
  origin: number,
  requests: { atMs: number; latencyMs: number | null }[],
  witness: Witness | undefined,
): Pulse {
  const beats = take(witness?.samples ?? []);
  const last = beats.at(-1);
  const identity = beats.findLast((beat) => beat.identity)?.identity;
  return {
    at: Date.now(),
    requests: requests.map(({ atMs, latencyMs }) => ({ at: origin + atMs, latencyMs })),
    ...(last ? { gapMs: Math.max(...beats.map(({ gapUs }) => gapUs)) / 1000, upMs: last.upUs / 1000 } : {}),
    ...(identity ? { bootId: identity.bootId } : {}),
  };
}

/** Empties a list that only grows, so that hours of watching take no memory. */
const take = <T>(list: readonly T[]): T[] => (list as T[]).splice(0);
