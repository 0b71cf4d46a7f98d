// A build step answers with its value or with reasons against the livepatch. A refusal is a result, not an exception.

import type { BuildReason } from './result.ts';

export type Refused = { verdict: 'refused' | 'failed'; reasons: BuildReason[] };

export function refused(...reasons: BuildReason[]): Refused {
  return { verdict: 'refused', reasons };
}

export function isRefused(value: unknown): value is Refused {
  return typeof value === 'object' && value !== null && 'verdict' in value && 'reasons' in value;
}

/** The values when all steps succeeded; otherwise every reason of those that did not. */
export function allOrRefused<T>(steps: readonly (T | Refused)[]): T[] | Refused {
  const bad = steps.filter(isRefused);
  if (bad.length === 0) return steps as T[];
  const verdict = bad.some((step) => step.verdict === 'failed') ? 'failed' : 'refused';
  return { verdict, reasons: bad.flatMap(({ reasons }) => reasons) };
}
