// A cell as a job of the queue, and what comes back: checked at the border, for it comes from another machine.

import { z } from 'zod';
import { outcomeSchema } from '../trial/matrix/cell-result.ts';

export const queueName = 'lpl-cells';

/** What a machine must have to run it. */
const needs = z.object({ arch: z.string(), memoryMiB: z.number(), kvm: z.boolean() });

export const jobSchema = z.object({
  /** Changes with every format of what travels; a worker leaves others' to others. */
  format: z.literal(1),
  /** Cells of one run share kernels and builds on a worker. */
  run: z.string(),
  cell: z.object({
    id: z.string(),
    kernel: z.string(),
    patch: z.string(),
    workload: z.string(),
    target: z.object({ name: z.string(), back: z.number() }),
    text: z.string(),
  }),
  /** Paths are relative to the matrix file. */
  files: z.array(z.object({ path: z.string(), sha256: z.string() })),
  needs,
});

const answer = z.object({
  outcome: outcomeSchema,
  /** Hash of the trial's directory, packed. */
  archive: z.string(),
  worker: z.string(),
});

/** Without an answer it was given up on request; who wants it by now has to ask again. */
export const jobResultSchema = z.object({ answer: answer.optional() });

export type Needs = z.output<typeof needs>;
export type CellJob = z.output<typeof jobSchema>;
export type CellAnswer = z.output<typeof answer>;
export type JobResult = z.output<typeof jobResultSchema>;

/** Exists while the job is to be given up. */
export const cancelKey = (jobId: string): string => `lpl:cancel:${jobId}`;
