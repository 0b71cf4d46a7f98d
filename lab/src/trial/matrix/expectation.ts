// Which cells of a matrix are expected to say something else than a pass.

import { z } from 'zod';
import { type Expectation, failureSchema, readExpectation, refusalSchema } from '../expectation.ts';

export const axisName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._+-]{0,59}$/,
    'use 1 to 60 of A-Z, a-z, 0-9, ., _, + and -, beginning with a letter or digit',
  );

/** Which cells; what is left out is any. */
const which = { kernel: axisName.optional(), patch: axisName.optional(), workload: axisName.optional() };

export const expectationSchema = z.union(
  [refusalSchema.extend(which), failureSchema.extend(which), z.strictObject({ ...which, pass: z.literal(true) })],
  { error: 'which cells (kernel, patch, workload), and one of refused: RULE, fail: TEXT, pass: true' },
);

type Rule = z.output<typeof expectationSchema>;
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
  return readExpectation(found ?? 'pass');
}
