// The in-guest witness: heartbeat and identity, streamed by lpl-agent over ssh and kept raw.

import { waitUntil } from '../core/wait.ts';
import type { Guest, GuestStream } from '../vm/guest/guest.ts';

/** One line of `lpl-agent witness`. `atMs`: the run's clock when it reached the host; times in µs are the guest's. */
export type WitnessSample = {
  atMs: number;
  /** CLOCK_BOOTTIME and CLOCK_REALTIME. */
  upUs: number;
  wallUs: number;
  /** Longest time between two 40 ms ticks since the sample before. */
  gapUs: number;
  identity?: Identity;
};

export type Identity = {
  bootId: string;
  /** Boot time, seconds since the epoch (/proc/stat). */
  btime: number;
  taint: number;
  /** CPU time of the witness itself. */
  cpuUs: number;
  /** Start time in clock ticks by pid; 0: no such process. */
  pids: Record<string, number>;
};

export type Witness = {
  readonly samples: readonly WitnessSample[];
  /** True while the stream has not ended. */
  isWatching(): boolean;
  /** Resolves once that many samples have come that were taken at or after `sinceMs`; rejects with op.timeout. */
  untilHeard(count: number, sinceMs: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
};

export const agentPath = '/bin/lpl-agent';

/** Starts watching the guest and the processes of it that now have these names (pid 1 always). Rejects with `guest.unreachable`. */
export async function startWitness(
  guest: Guest,
  names: readonly string[],
  clock: () => number,
  signal: AbortSignal,
): Promise<Witness> {
  const samples: WitnessSample[] = [];
  const stream = await guest.stream([agentPath, 'witness', '1', ...names], { signal });
  let watching = true;
  /** Smallest difference so far between the run's clock and the guest's: lines may come late, but not early. */
  let offsetMs = Infinity;
  const reading = readSamples(stream, clock, (sample) => {
    samples.push(sample);
    offsetMs = Math.min(offsetMs, sample.atMs - sample.upUs / 1000);
  }).finally(() => (watching = false));
  return {
    samples,
    isWatching: () => watching,
    untilHeard: async (count, sinceMs, timeoutMs, signal) => {
      const enough = () => samples.filter(({ upUs }) => upUs / 1000 + offsetMs >= sinceMs).length >= count || undefined;
      await waitUntil({ what: 'the heartbeat of the guest', timeoutMs, intervalMs: 20, signal }, enough);
    },
    stop: async () => {
      stream.close();
      await reading.catch(() => undefined);
    },
  };
}

async function readSamples(
  stream: GuestStream,
  clock: () => number,
  onSample: (sample: WitnessSample) => void,
): Promise<void> {
  for await (const line of stream.lines) onSample(parseWitnessLine(line, clock()));
}

/** Throws SyntaxError on anything that is not a line of the witness. */
export function parseWitnessLine(line: string, atMs: number): WitnessSample {
  const { upUs, wallUs, gapUs, ...rest } = JSON.parse(line) as {
    upUs: number;
    wallUs: number;
    gapUs: number;
  } & Identity;
  return { atMs, upUs, wallUs, gapUs, ...(rest.bootId === undefined ? {} : { identity: rest }) };
}
