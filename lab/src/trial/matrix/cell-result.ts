// What became of a cell, as it stands on disk (cell.json) and in matrix.json.

import { z } from 'zod';

/** `not-affected`: the patch says that this kernel has nothing to mend, so that there was nothing to ask. */
export const cellVerdicts = ['pass', 'fail', 'refused', 'inconclusive', 'not-affected'] as const;

const expected = z.object({ verdict: z.enum(['pass', 'fail', 'refused']), because: z.string().optional() });

const diagnostic = z.object({
  rule: z.string(),
  file: z.string().optional(),
  line: z.number().optional(),
  /** Line in the patch, for its reviewers. */
  patchLine: z.number().optional(),
  function: z.string().optional(),
  message: z.string(),
  hint: z.string(),
});

/** What whoever ran the cell found out. */
export const outcomeSchema = z.object({
  verdict: z.enum(cellVerdicts),
  /** Why, most important first. */
  reasons: z.array(z.string()),
  figures: z.array(z.string()),
  /** Refusals and compile errors, in the shape of `lpl build --json`. */
  diagnostics: z.array(diagnostic),
  /** `uname -r` of the kernel it ran on. */
  release: z.string().optional(),
  /** Report in the cell's directory. */
  report: z.string().optional(),
});

export const cellResultSchema = outcomeSchema.extend({
  id: z.string(),
  kernel: z.string(),
  patch: z.string(),
  workload: z.string(),
  /** Of everything the result depends on but the kernel. */
  key: z.string(),
  expected,
  /** Came out as expected, for the expected reason. */
  asExpected: z.boolean(),
  startedAt: z.number(),
  ms: z.number(),
});

export type CellDiagnostic = z.output<typeof diagnostic>;
export type CellOutcome = z.output<typeof outcomeSchema>;
export type CellResult = z.output<typeof cellResultSchema>;

/** The outcome of a cell that could not be run: red, never skipped. */
export function inconclusive(reason: string): CellOutcome {
  return { verdict: 'inconclusive', reasons: [reason], figures: [], diagnostics: [] };
}
