// What a cell is expected to say, when that is not a pass, and whether it said so for the right reason.

import { z } from 'zod';

export const axisName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._+-]{0,59}$/,
    'use 1 to 60 of A-Z, a-z, 0-9, ., _, + and -, beginning with a letter or digit',
  );

export const expectationSchema = z.strictObject({
  /** Which cells; what is left out is any. */
  kernel: axisName.optional(),
  patch: axisName.optional(),
  workload: axisName.optional(),
  verdict: z.enum(['pass', 'fail', 'refused']),
  /** What one of the reasons must say, such as a rule: `NP02`. */
  because: z.string().min(1).optional(),
});

type Rule = z.output<typeof expectationSchema>;
export type Expectation = Pick<Rule, 'verdict' | 'because'>;
type Named = readonly { name: string }[];

/** What is wrong with a rule that fits no cell: a slip of the pen would hide what the rule was written for. */
export function misfit(
  { kernel, patch, workload }: Rule,
  axes: Record<'kernels' | 'patches' | 'workloads', Named>,
): string | undefined {
  for (const [axis, wanted] of [
    ['kernels', kernel],
    ['patches', patch],
    ['workloads', workload],
  ] as const)
    if (wanted !== undefined && !axes[axis].some(({ name }) => name === wanted))
      return `expect: there is no ${wanted} among the ${axis}`;
  return undefined;
}

/** The first rule that fits the cell; a pass when none does. */
export function expectationOf(
  rules: readonly Rule[],
  cell: { kernel: string; patch: string; workload: string },
): Expectation {
  const fits = (wanted: string | undefined, is: string) => wanted === undefined || wanted === is;
  const found = rules.find(
    ({ kernel, patch, workload }) =>
      fits(kernel, cell.kernel) && fits(patch, cell.patch) && fits(workload, cell.workload),
  );
  return { verdict: found?.verdict ?? 'pass', ...(found?.because ? { because: found.because } : {}) };
}

/** True when it came out as expected, for the expected reason. */
export function isExpected(
  { verdict, because }: Expectation,
  outcome: { verdict: string; reasons: readonly string[] },
): boolean {
  if (outcome.verdict === 'not-affected') return true;
  return outcome.verdict === verdict && (!because || outcome.reasons.some((reason) => reason.includes(because)));
}
