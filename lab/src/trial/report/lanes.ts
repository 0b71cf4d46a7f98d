// The lanes of a time line, each a pure function from a run to SVG within a box.

import type { WorkloadRecord } from '../../workload/run-workload.ts';
import type { PatchEvidence, Run } from '../evidence.ts';
import { quantile } from '../figures.ts';
import { progress } from '../workload-checks.ts';
import { area, line, type Point, polyline, rect, splitAtGaps, text } from './svg.ts';

export type Lane = { title: string; height: number; draw: (frame: Frame) => string };

/** `x` maps milliseconds of the run to the drawing; `y` is the lane's top. */
export type Frame = { run: Run; x: (ms: number) => number; y: number; height: number };

/** What the reproducer showed, over the time it held. */
export function behaviourLane(patches: readonly PatchEvidence[]): Lane {
  const draw = ({ run, x, y, height }: Frame) =>
    run.phases
      .filter(({ patch, name }) => patch !== undefined && name === 'live')
      .map((live) => {
        const patch = patches[live.patch as number] as PatchEvidence;
        const shown = patch.reproducer.find(({ when }) => when === 'live');
        const box = { x: x(live.fromMs), y, width: x(live.toMs) - x(live.fromMs), height };
        const good = shown ? shown.exitCode === 0 : undefined;
        const label = good === undefined ? 'live' : good ? 'FIXED' : 'NOT FIXED';
        return (
          rect(box, good === false ? 'bad' : 'good', patch.title) +
          text(box.x + box.width / 2, y + 16, label, 'on', 'middle')
        );
      })
      .join('');
  const background = (frame: Frame) => {
    const { run, x, y, height } = frame;
    const vulnerable = patches.some(({ reproducer }) =>
      reproducer.some(({ when, exitCode }) => when === 'before' && exitCode === 1),
    );
    if (!vulnerable) return '';
    return (
      rect({ x: x(0), y, width: x(run.durationMs) - x(0), height }, 'old') +
      text(x(0) + 8, y + 16, 'VULNERABLE', 'onold')
    );
  };
  return { title: 'behaviour', height: 24, draw: (frame) => background(frame) + draw(frame) };
}

/** Answers per second, in bins of 200 ms; lost requests as red ticks. */
export function answersLane(peakPerSecond: number): Lane {
  const binMs = 200;
  const draw = ({ run, x, y, height }: Frame) => {
    const bins = new Array<number>(Math.ceil(run.durationMs / binMs)).fill(0);
    for (const { atMs, latencyMs } of run.requests) {
      const bin = Math.floor((atMs + (latencyMs ?? 0)) / binMs);
      if (latencyMs !== null && bins[bin] !== undefined) bins[bin] += 1;
    }
    const scale = (perBin: number) => y + height - (Math.min(1, (perBin * 1000) / binMs / peakPerSecond) * height || 0);
    const points = bins.slice(0, -1).flatMap((count, bin): Point[] => [[x((bin + 0.5) * binMs), scale(count)]]);
    const lost = run.requests.filter(({ latencyMs }) => latencyMs === null);
    return (
      area(points, y + height, 'answers') +
      lost.map(({ atMs }) => line(x(atMs), y, x(atMs), y + height, 'lost', 'lost request')).join('')
    );
  };
  return { title: 'answers / s', height: 56, draw };
}

/** Latency of every request, thinned to the worst of each half pixel; logarithmic. */
export function latencyLane(): Lane {
  const draw = ({ run, x, y, height }: Frame) => {
    const worst = new Map<number, number>();
    for (const { atMs, latencyMs } of run.requests)
      if (latencyMs !== null) {
        const column = Math.round(x(atMs) * 2) / 2;
        worst.set(column, Math.max(worst.get(column) ?? 0, latencyMs));
      }
    const level = (latencyMs: number) => y + height - logScale(latencyMs, 0.1, 1000) * height;
    const grid = [1, 10, 100].map(
      (value) =>
        line(x(0), level(value), x(run.durationMs), level(value), 'grid') +
        text(x(0) - 6, level(value) + 3, `${value} ms`, 'tick', 'end'),
    );
    const points = [...worst].map(([column, value]): Point => [column, level(value)]);
    return (
      grid.join('') +
      pieces(points, x)
        .map((piece) => polyline(piece, 'latency'))
        .join('')
    );
  };
  return { title: 'latency', height: 56, draw };
}

/** The longest gap between heartbeat ticks; logarithmic, 40 ms is perfect. */
export function heartbeatLane(): Lane {
  const draw = ({ run, x, y, height }: Frame) => {
    const level = (gapMs: number) => y + height - logScale(gapMs, 10, 10_000) * height;
    const grid = [10, 100, 1000].map(
      (value) =>
        line(x(0), level(value), x(run.durationMs), level(value), 'grid') +
        text(x(0) - 6, level(value) + 3, value === 1000 ? '1 s' : `${value} ms`, 'tick', 'end'),
    );
    const bars = run.witness.map(({ atMs, gapUs }): Point => [x(atMs), level(gapUs / 1000)]);
    return (
      grid.join('') +
      pieces(bars, x)
        .map((piece) => polyline(piece, 'heartbeat'))
        .join('')
    );
  };
  return { title: 'heartbeat', height: 56, draw };
}

/** Nothing seen for half a second is a gap, not a line. */
const pieces = (points: readonly Point[], x: Frame['x']) => splitAtGaps(points, x(500) - x(0));

/** Share of tasks that have reached the goal of each transition. */
export function transitionLane(patches: readonly PatchEvidence[]): Lane {
  const draw = ({ x, y, height }: Frame) =>
    patches
      .flatMap(({ transitions }) => transitions)
      .map(({ direction, fromMs, toMs, samples }) => {
        const share = (converged: number, remaining: number) => converged / Math.max(1, converged + remaining);
        const goal = (value: number) => y + height - (direction === 'patching' ? value : 1 - value) * height;
        const points = samples.map(({ atMs, converged, remaining }): Point => [
          x(atMs),
          goal(share(converged, remaining)),
        ]);
        const box = { x: x(fromMs), y, width: x(toMs) - x(fromMs), height };
        return (
          rect(box, 'window', `${direction}: ${((toMs - fromMs) / 1000).toFixed(2)} s`) +
          polyline([[x(fromMs), goal(0)], ...points, [x(toMs), goal(1)]], 'tasks')
        );
      })
      .join('');
  return { title: 'tasks patched', height: 40, draw };
}

/** What a workload of the guest got done, against its own best fifth of a second. */
export function workloadLane(record: WorkloadRecord): Lane {
  const binMs = 200;
  const draw = ({ run, x, y, height }: Frame) => {
    const bins = new Array<number>(Math.ceil(run.durationMs / binMs)).fill(0);
    for (const [index, sample] of record.samples.entries()) {
      const before = record.samples[index - 1];
      const bin = Math.floor(sample.atMs / binMs);
      if (before && bins[bin] !== undefined) bins[bin] += progress(record, sample) - progress(record, before);
    }
    const best = Math.max(
      1,
      quantile(
        [...bins].sort((a, b) => a - b),
        0.98,
      ),
    );
    const points = bins.map((done, bin): Point => [
      Math.min(x((bin + 0.5) * binMs), x(run.durationMs)),
      y + height - Math.min(1, done / best) * height,
    ]);
    return area(points, y + height, 'work');
  };
  return { title: record.plan.name, height: 22, draw };
}

/** Uptime as the guest tells it: a line that only a reboot can break. */
export function uptimeLane(): Lane {
  const draw = ({ run, x, y, height }: Frame) => {
    const highest = Math.max(1, ...run.witness.map(({ upUs }) => upUs));
    const points = run.witness.map(({ atMs, upUs }): Point => [x(atMs), y + height - (upUs / highest) * height]);
    const ids = [...new Set(run.witness.flatMap(({ identity }) => identity?.bootId ?? []))];
    const labels = ids.map((id, i) => {
      const { atMs = 0, upUs = 0 } = run.witness.find(({ identity }) => identity?.bootId === id) ?? {};
      // In the half of the lane that the line does not begin in.
      const baseline = upUs > highest / 2 ? y + height - 5 : y + 12;
      return text(x(atMs) + 6, baseline, `boot_id ${id.slice(0, 8)}`, i === 0 ? 'tick' : 'badtext');
    });
    return (
      pieces(points, x)
        .map((piece) => polyline(piece, 'uptime'))
        .join('') + labels.join('')
    );
  };
  return { title: 'uptime', height: 40, draw };
}

/** Position of a value between low and high on a logarithmic scale, 0 to 1. */
function logScale(value: number, low: number, high: number): number {
  return Math.min(1, Math.max(0, Math.log(Math.max(value, low) / low) / Math.log(high / low)));
}

/** Answers per second that the busiest bins reach, so that both runs share one scale. */
export function peakAnswersPerSecond(runs: readonly Run[]): number {
  const perSecond = runs.map(({ requests, durationMs }) => {
    const counts = new Array<number>(Math.ceil(durationMs / 1000) + 1).fill(0);
    for (const { atMs } of requests) counts[Math.floor(atMs / 1000)] = (counts[Math.floor(atMs / 1000)] ?? 0) + 1;
    return quantile(
      counts.sort((a, b) => a - b),
      0.95,
    );
  });
  return Math.max(1, ...perSecond) * 1.15;
}
