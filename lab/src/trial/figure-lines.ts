// The figures that support a verdict, a line each, for the terminal.

import type { Evidence } from './evidence.ts';
import { ms, percent, requestFigures, seconds, stallFigures, witnessCost } from './figures.ts';

export function figureLines({ run, control, patches }: Evidence): string[] {
  if (!run) return [];
  const requests = requestFigures(run);
  const baseline = run.phases.find(({ name }) => name === 'baseline');
  const quiet = baseline && stallFigures(run, baseline);
  const transitions = patches.flatMap(({ name, transitions: all }) =>
    all.map(({ direction, outcome, fromMs, toMs }) => `${name} ${direction} ${outcome} in ${seconds(toMs - fromMs)}`),
  );
  return [
    `requests: ${requests.sent} sent, ${requests.answered} answered, ${requests.lost} lost; latency p50 ${ms(requests.p50Ms)}, p99 ${ms(requests.p99Ms)}, max ${ms(requests.maxMs)}`,
    `longest stall: ${ms(stallFigures(run).longestMs)}${quiet ? ` (baseline ${ms(quiet.longestMs)})` : ''}`,
    `the witness: ${percent(witnessCost(run))} of a CPU`,
    ...transitions.map((line) => `transition: ${line}`),
    ...(control
      ? [
          `a reboot instead: down for ${seconds(requestFigures(control).longestSilenceMs)}, ${requestFigures(control).lost} requests lost`,
        ]
      : []),
  ];
}
