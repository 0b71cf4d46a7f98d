// What must come of a trial, as scenarios and matrices write it, and whether that came of it for that reason.

import { z } from 'zod';

export const refusalSchema = z.strictObject({ refused: z.string().min(1) });
export const failureSchema = z.strictObject({ fail: z.string().min(1) });

export const expectSchema = z.union([z.literal('pass'), refusalSchema, failureSchema], {
  error: 'pass, or {refused: RULE}, or {fail: TEXT}',
});

type Written = z.output<typeof expectSchema> | { pass: true };

/** `because`: the rule of a refusal, or what one of the reasons of a failure says. */
export type Expectation = { verdict: 'pass' | 'fail' | 'refused'; because?: string | undefined };

export function readExpectation(written: Written): Expectation {
  if (written === 'pass' || 'pass' in written) return { verdict: 'pass' };
  return 'refused' in written
    ? { verdict: 'refused', because: written.refused }
    : { verdict: 'fail', because: written.fail };
}

/** "pass", "refused: NP02". */
export const expectationWords = ({ verdict, because }: Expectation) => (because ? `${verdict}: ${because}` : verdict);

/** True when it came out as expected, for the expected reason; or when there was nothing to ask. */
export function isExpected(
  { verdict, because }: Expectation,
  outcome: { verdict: string; reasons: readonly string[] },
): boolean {
  if (outcome.verdict === 'not-affected') return true;
  if (outcome.verdict !== verdict) return false;
  if (because === undefined) return true;
  const saysSo = (reason: string) =>
    verdict === 'refused' ? reason.startsWith(`${because}:`) : reason.includes(because);
  return outcome.reasons.some(saysSo);
}
