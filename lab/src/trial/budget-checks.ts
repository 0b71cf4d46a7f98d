// The figures that a scenario says must not be exceeded.

import type { Check } from './check.ts';
import type { Evidence, Run } from './evidence.ts';
import { ms, requestFigures, stallFigures } from './figures.ts';

export function budgetChecks({ budgets = {}, run, patches }: Evidence): Check[] {
  const check = (title: string, limitMs: number | undefined, foundMs: number | undefined): Check[] => {
    if (limitMs === undefined) return [];
    const ok = foundMs === undefined ? undefined : foundMs <= limitMs;
    const found = foundMs === undefined ? 'nothing to measure' : ms(foundMs);
    return [{ id: 'budget', title: `${title} within ${ms(limitMs)}`, ok, figure: found }];
  };
  const transitions = patches.flatMap(({ transitions: all }) => all.map(({ fromMs, toMs }) => toMs - fromMs));
  const patched = run && afterBaseline(run);
  return [
    ...check(
      'the longest transition',
      budgets.transitionMs,
      transitions.length > 0 ? Math.max(...transitions) : undefined,
    ),
    ...check('the longest stall', budgets.stallMs, patched && stallFigures(run, patched).longestMs),
    ...check('p99 latency while patched', budgets.p99Ms, patched && requestFigures(run, patched).p99Ms),
  ];
}

/** Undefined when there was none: nothing was patched. */
function afterBaseline({ phases, durationMs }: Run): { fromMs: number; toMs: number } | undefined {
  const baseline = phases.find(({ name }) => name === 'baseline');
  return baseline && { fromMs: baseline.toMs, toMs: durationMs };
}
