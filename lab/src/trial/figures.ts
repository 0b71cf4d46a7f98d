// The numbers of a run: pure arithmetic over its samples.

import type { Run } from './evidence.ts';

export type RequestFigures = {
  sent: number;
  answered: number;
  lost: number;
  /** Connections that did not last. */
  broken: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Longest time in which no connection got an answer. */
  longestSilenceMs: number;
};

export type StallFigures = {
  /** Longest gap between two heartbeat ticks, and the same less what the host's scheduler took. */
  longestMs: number;
  longestOwnMs: number;
  /** Longest time for which no sample of the witness speaks. */
  longestUnheardMs: number;
  samples: number;
};

/** Fewer samples than these say nothing about what is usual for a guest. */
export const baselineSamples = 4;

const breaks = new Set(['reset', 'closed', 'given-up']);

type Window = { fromMs: number; toMs: number };

const whole = (run: Run): Window => ({ fromMs: 0, toMs: run.durationMs });
const within =
  ({ fromMs, toMs }: Window) =>
  ({ atMs }: { atMs: number }) =>
    atMs >= fromMs && atMs < toMs;

export function requestFigures(run: Run, window: Window = whole(run)): RequestFigures {
  const requests = run.requests.filter(within(window));
  const latencies = requests.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs])).sort((a, b) => a - b);
  return {
    sent: requests.length,
    answered: latencies.length,
    lost: requests.length - latencies.length,
    broken: run.connections.filter(within(window)).filter(({ event }) => breaks.has(event)).length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: latencies.at(-1) ?? 0,
    longestSilenceMs: longestSilence(run, window),
  };
}

/** `sorted` ascending; nearest rank; 0 when empty. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

function longestSilence(run: Run, { fromMs, toMs }: Window): number {
  const answers = answerTimes(run).filter((at) => at >= fromMs && at < toMs);
  return longestStep([fromMs, ...answers, toMs]);
}

/** Stretches of half a second and more without any answer. */
export function silences(run: Run): Window[] {
  return steps([0, ...answerTimes(run), run.durationMs]).filter(({ fromMs, toMs }) => toMs - fromMs >= 500);
}

const answerTimes = ({ requests }: Run) =>
  requests.flatMap(({ atMs, latencyMs }) => (latencyMs === null ? [] : [atMs + latencyMs])).sort((a, b) => a - b);

const steps = (times: readonly number[]): Window[] =>
  times.slice(1).map((toMs, i) => ({ fromMs: times[i] as number, toMs }));

/** Not Math.max(...): an hour of requests is more than a call takes as arguments. */
const longestStep = (times: readonly number[]) =>
  steps(times).reduce((longest, { fromMs, toMs }) => Math.max(longest, toMs - fromMs), 0);

/** Delays of the host count when they fall within this much of the gap. */
const slackMs = 150;
/** Ten seconds of a witness: ssh to a busy guest can be some of them late. */
const lateLines = 50;

/** The run's clock when the guest took each sample: its line may come late, but not early. */
function takenAt(witness: Run['witness']): number[] {
  const lags = witness.map(({ atMs, upUs }) => atMs - upUs / 1000);
  return witness.map(({ upUs }, index) => upUs / 1000 + Math.min(...lags.slice(index, index + lateLines)));
}

export function stallFigures(run: Run, window: Window = whole(run)): StallFigures {
  const taken = takenAt(run.witness);
  const samples = run.witness
    .map(({ gapUs }, index) => ({ gapUs, atMs: taken[index] as number }))
    .filter(within(window));
  let longestMs = 0;
  let longestOwnMs = 0;
  for (const { atMs, gapUs } of samples) {
    const gapMs = gapUs / 1000;
    longestMs = Math.max(longestMs, gapMs);
    if (gapMs <= longestOwnMs) continue;
    const [fromMs, toMs] = [atMs - gapMs - slackMs, atMs + slackMs];
    const delay = run.hostDelay
      .filter((each) => each.atMs >= fromMs && (each.fromMs ?? each.atMs) < toMs)
      .reduce((sum, { delayMs }) => sum + delayMs, 0);
    longestOwnMs = Math.max(longestOwnMs, gapMs - delay);
  }
  const heard = [window.fromMs, ...samples.map(({ atMs }) => atMs), window.toMs];
  const longestUnheardMs = longestStep(heard);
  return { longestMs, longestOwnMs, longestUnheardMs, samples: samples.length };
}

/** CPU the witness itself used, as a fraction of one guest CPU. */
export function witnessCost(run: Run): number | undefined {
  const identities = run.witness.filter(({ identity }) => identity);
  const [first, last] = [identities[0], identities.at(-1)];
  if (!first?.identity || !last?.identity || last.upUs === first.upUs) return undefined;
  return (last.identity.cpuUs - first.identity.cpuUs) / (last.upUs - first.upUs);
}

/** For people: "1.3 ms", "250 ms". */
export const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** For people: "1.3 %" of a fraction. */
export const percent = (fraction: number | undefined) =>
  `${fraction === undefined ? '?' : (fraction * 100).toFixed(1)} %`;

/** For people: "2.47 s". */
export const seconds = (valueMs: number) => `${(valueMs / 1000).toFixed(2)} s`;
