// The rates of a sweep. Pure.

import { type ItemClass, itemClasses, type ItemResult } from './item-result.ts';

export type SweepFigures = {
  counts: Record<ItemClass, number>;
  /** Patches that the target builds, that compile on their own and change machine code: those that could be livepatches. */
  candidates: number;
  /** Built, of the candidates. */
  built: number;
  /** Patches refused by each rule, most frequent first; a patch counts once for each rule against it. */
  rules: { rule: string; count: number }[];
};

export function sweepFigures(results: readonly ItemResult[]): SweepFigures {
  const count = (wanted: ItemClass) => results.filter((result) => result.class === wanted).length;
  const counts = Object.fromEntries(itemClasses.map((each) => [each, count(each)])) as Record<ItemClass, number>;
  const built = counts.clean + counts.wrong + counts.stalled + counts.unproven;
  const rules = new Map<string, number>();
  for (const { reasons } of results.filter((result) => result.class === 'refused'))
    for (const rule of new Set(reasons.map((reason) => reason.rule))) rules.set(rule, (rules.get(rule) ?? 0) + 1);
  return {
    counts,
    candidates: built + counts.refused + counts.unknown,
    built,
    rules: [...rules].map(([rule, times]) => ({ rule, count: times })).sort((a, b) => b.count - a.count),
  };
}

/** `12 of 40 (30.0 %)`. */
export function share(part: number, whole: number): string {
  return `${part} of ${whole}${whole > 0 ? ` (${((part / whole) * 100).toFixed(1)} %)` : ''}`;
}
