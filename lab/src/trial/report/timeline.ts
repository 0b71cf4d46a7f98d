// One run as a picture: lanes over a common time axis, with what was done to the machine as labelled lines.

import type { PatchEvidence, Run } from '../evidence.ts';
import { seconds, silences } from '../figures.ts';
import {
  answersLane,
  behaviourLane,
  heartbeatLane,
  type Lane,
  latencyLane,
  transitionLane,
  uptimeLane,
  workloadLane,
} from './lanes.ts';
import { escape, line, rect, text } from './svg.ts';

const gutter = 150;
const width = 1180;
const gap = 12;
const top = 36;

export type TimelineOptions = {
  title: string;
  patches: readonly PatchEvidence[];
  /** Both runs of a report share these, so that they can be compared by eye. */
  spanMs: number;
  peakPerSecond: number;
};

/** An SVG element with a title and a text description for those who do not see it. */
export function timelineSvg(run: Run, { title, patches, spanMs, peakPerSecond }: TimelineOptions): string {
  const lanes: Lane[] = [
    ...(patches.some(({ expectsReproducer }) => expectsReproducer) ? [behaviourLane(patches)] : []),
    answersLane(peakPerSecond),
    latencyLane(),
    heartbeatLane(),
    ...(run.workloads ?? []).map(workloadLane),
    ...(patches.length > 0 ? [transitionLane(patches)] : []),
    uptimeLane(),
  ];
  const x = (ms: number) => gutter + (ms / spanMs) * (width - gutter - 8);
  let y = top;
  const drawn = lanes.map((lane) => {
    const frame = { run, x, y, height: lane.height };
    const box = { x: x(0), y, width: x(run.durationMs) - x(0), height: lane.height };
    const svg = rect(box, 'lane') + lane.draw(frame) + text(8, y + lane.height / 2 + 4, lane.title, 'label');
    y += lane.height + gap;
    return svg;
  });
  const bottom = y - gap;
  const height = bottom + 28;
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}"><title>${escape(title)}</title>` +
    phaseShades(run, x, bottom) +
    drawn.join('') +
    outages(run, x, bottom) +
    marks(run, patches, x, bottom) +
    axis(spanMs, x, bottom) +
    '</svg>'
  );
}

/** Lines at the moments when something was done to the machine. */
function marks(run: Run, patches: readonly PatchEvidence[], x: (ms: number) => number, bottom: number): string {
  const moments = [
    ...patches.flatMap(({ transitions }, index) =>
      transitions.flatMap(({ direction, fromMs, toMs }) => {
        const which = patches.length > 1 ? ` ${index + 1}` : '';
        return direction === 'patching'
          ? [
              { at: fromMs, label: `load${which}` },
              { at: toMs, label: `patched${which}` },
            ]
          : [
              { at: fromMs, label: `disable${which}` },
              { at: toMs, label: `unloaded${which}` },
            ];
      }),
    ),
    ...run.phases.filter(({ name }) => name === 'reboot').map(({ fromMs }) => ({ at: fromMs, label: 'reboot' })),
  ];
  let clear = -Infinity;
  return moments
    .map(({ at, label }) => {
      // Labels that would overlap move to the second row.
      const low = x(at) < clear;
      clear = x(at) + label.length * 6.5;
      return line(x(at), low ? 26 : 14, x(at), bottom, 'mark') + text(x(at) + 3, low ? 30 : 16, label, 'marklabel');
    })
    .join('');
}

/** Half of what the longest label of an outage takes. */
const halfLabel = 75;

/** Stretches in which the service answered nobody, across all lanes; the longest are labelled first, others where there is room. */
function outages(run: Run, x: (ms: number) => number, bottom: number): string {
  const word = run.phases.some(({ name }) => name === 'reboot') ? 'down' : 'no answer';
  const labelled: number[] = [];
  return silences(run)
    .map(({ fromMs, toMs }) => ({ fromMs, toMs, forMs: toMs - fromMs }))
    .sort((a, b) => b.forMs - a.forMs)
    .map(({ fromMs, toMs, forMs }) => {
      const what = `${word} for ${seconds(forMs)}`;
      const box = { x: x(fromMs), y: top, width: x(toMs) - x(fromMs), height: bottom - top };
      const middle = Math.min(Math.max(box.x + box.width / 2, gutter + halfLabel), width - halfLabel);
      if (labelled.some((other) => Math.abs(other - middle) < 2 * halfLabel)) return rect(box, 'outage', what);
      labelled.push(middle);
      return rect(box, 'outage', what) + text(middle, top + 108, what, 'outagelabel', 'middle');
    })
    .join('');
}

function phaseShades(run: Run, x: (ms: number) => number, bottom: number): string {
  return run.phases
    .filter(({ name }) => name === 'live')
    .map(({ fromMs, toMs }) =>
      rect({ x: x(fromMs), y: top, width: x(toMs) - x(fromMs), height: bottom - top }, 'shade'),
    )
    .join('');
}

function axis(spanMs: number, x: (ms: number) => number, bottom: number): string {
  const stepMs =
    [500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000].find((step) => spanMs / step <= 16) ?? 600_000;
  const ticks = Array.from({ length: Math.floor(spanMs / stepMs) + 1 }, (_, i) => i * stepMs);
  return ticks
    .map(
      (at) =>
        line(x(at), bottom, x(at), bottom + 5, 'mark') + text(x(at), bottom + 20, `${at / 1000} s`, 'tick', 'middle'),
    )
    .join('');
}
