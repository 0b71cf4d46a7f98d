// What a scenario file may say. lab/scenario.schema.json tells it to editors (test/unit/trial/scenario.test.ts keeps it true).

import { z } from 'zod';
import { defaultTargetName } from '../kernel/target.ts';
import { expectSchema } from './expectation.ts';
import { kindNames, toolNames } from '../workload/workload-plan.ts';

const file = z.string().min(1);
const described = <T extends z.ZodType>(schema: T, description: string) => schema.describe(description);

const regularExpression = z.string().refine(isRegularExpression, { error: 'not a regular expression' });

const moments = z.union([z.enum(['before', 'after', 'none']), z.array(z.enum(['before', 'after']))]).default('none');

const actsSchema = z.strictObject({
  cycles: described(z.int().min(0).max(10_000).default(0), 'Loads and unloads it that many times more.'),
  tracer: described(
    moments,
    'The function tracer on what it patches, started before or after it is live, or each in turn; needs a reproducer.',
  ),
  graph: described(moments, 'The same with the function graph tracer.'),
  kprobe: described(
    z.boolean().default(false),
    'Tries it while a kprobe is on a function that it patches: the kernel must refuse it.',
  ),
  rapid: described(
    z.int().min(0).max(10_000).default(0),
    'Turns its transition round that many times under way, then lets it settle.',
  ),
  replace: described(
    z.union([z.literal(0), z.int().min(2).max(50)]).default(0),
    'That many versions of it take each other’s place by atomic replace, then the first comes back.',
  ),
  stack: described(
    z.union([z.literal(0), z.int().min(2).max(50)]).default(0),
    'That many of it without atomic replace, one over the other, taken out from below.',
  ),
  reload: described(
    z.boolean().default(false),
    'Takes `modules` out and in again while it is live: it must be in effect in those that come.',
  ),
  blocked: described(
    z.boolean().default(false),
    'Loads it while the sleeper is in the old code, untraced, under the graph tracer and with a kretprobe: it must wait.',
  ),
  second: described(
    z.boolean().default(false),
    'Replaces it while the sleeper is in its code: the second version must wait.',
  ),
  signals: described(
    z.boolean().default(false),
    'Nobody wakes the sleeper: the signal of the kernel must get the transition past it, unnoticed (half a minute).',
  ),
});

export const scenarioPatchSchema = z
  .strictObject({
    title: described(z.string(), 'What it mends, for people.'),
    file: described(file, 'Unified diff, built into a livepatch for the target. Either this or `module`.').optional(),
    module: described(file, 'A livepatch module (.ko) that is ready for the target.').optional(),
    reproducer: described(
      file,
      'C program run as root in the guest: exit 1 shows the old behaviour, 0 the new one, anything else is no answer.',
    ).optional(),
    modules: described(
      z.array(z.string().regex(/^[A-Za-z0-9_-]+$/)).default([]),
      'Modules of the target that the patch is about.',
    ),
    modulesLoad: described(
      z.enum(['before', 'after']).default('before'),
      'Whether those modules are loaded before the livepatch, or come when it is live already.',
    ),
    setup: described(
      z.string(),
      'Shell script, run as root in the guest before anything else of this patch: what the behaviour needs to be seen.',
    ).optional(),
    sleeper: described(
      z.strictObject({
        command: described(z.string().min(1), 'Shell command that sleeps in a function that is patched.'),
        wake: described(z.string().min(1), 'Shell command after which that one ends with 0.'),
      }),
      'What the acts `blocked`, `second` and `signals` need: a task that sleeps in patched code until it is woken.',
    ).optional(),
    acts: described(actsSchema, 'What else is done with it, beside loading it once.').prefault({}),
    affects: described(
      z.strictObject({ before: z.string(), from: z.string().optional() }),
      'Upstream versions that still show the old behaviour.',
    ).optional(),
  })
  .refine(({ file: diff, module }) => (diff === undefined) !== (module === undefined), {
    error: 'give either file (a diff) or module (a .ko)',
  })
  .superRefine((patch, ctx) => {
    for (const [acts, isThere, message] of actNeeds(patch))
      for (const act of acts)
        if (isAsked(patch.acts[act]) && !isThere) ctx.addIssue({ code: 'custom', message, path: ['acts', act] });
  });

type ActKey = keyof z.output<typeof actsSchema>;

const isAsked = (value: boolean | number | string | readonly string[]) =>
  Array.isArray(value) ? value.length > 0 : Boolean(value) && value !== 'none';

const actNeeds = ({
  file: diff,
  reproducer,
  sleeper,
  modules,
}: Partial<Record<'file' | 'reproducer' | 'sleeper' | 'modules', unknown>>): [ActKey[], boolean, string][] => [
  [['tracer', 'graph'], reproducer !== undefined, 'what the tracer shall see must be called: give a reproducer'],
  [
    ['replace', 'stack', 'second'],
    diff !== undefined,
    'other versions of a ready module cannot be built: give a `file`',
  ],
  [['blocked', 'second', 'signals'], sleeper !== undefined, 'nobody sleeps in what is patched: give a `sleeper`'],
  [['reload'], Array.isArray(modules) && modules.length > 0, 'there is nothing to come anew: give `modules`'],
];

const workloadSchema = z.union(
  [
    z.enum([...kindNames, ...toolNames]),
    z.strictObject({
      kind: z.enum([...kindNames, ...toolNames]),
      workers: described(z.int().min(1).max(256), 'How many processes; of the kinds that are not tools.').optional(),
      args: described(z.string(), 'Instead of the usual arguments of the tool.').optional(),
    }),
    z.strictObject({
      name: z.string().regex(/^[a-z0-9-]{1,40}$/),
      command: described(z.string().min(1), 'Run as root by the shell of the guest.'),
      mode: described(
        z.enum(['repeat', 'keep']).default('repeat'),
        'repeat: runs over and over, each run must be good. keep: must go on until it is told to end (SIGTERM).',
      ),
      exit: described(z.int().min(0).max(255).default(0), 'The exit code of a good run.'),
      output: described(regularExpression, 'What a good run says, as a regular expression.').optional(),
    }),
  ],
  { error: `a workload is one of ${[...kindNames, ...toolNames].join(', ')}, or {kind, …}, or {name, command, …}` },
);

const positiveMs = z.number().positive().max(3_600_000);

export const scenarioSchema = z.strictObject({
  schema: z.literal(1),
  title: z.string(),
  target: z.string().default(defaultTargetName),
  profile: described(z.string().default('tiny'), 'Guest profile: what runs around the kernel.'),
  patches: described(z.array(scenarioPatchSchema).default([]), 'Played through one after the other.'),
  selftests: described(
    z.union([z.boolean(), z.array(z.string().regex(/^test-[a-z-]+\.sh$/)).min(1)]).default(false),
    'The livepatch selftests of the target’s own source, in the end: all of them, or those. Needs the debian profile.',
  ),
  cumulative: described(
    z.boolean().default(false),
    'In the end all patches together: each is added to those before by atomic replace, then they are taken back one by one.',
  ),
  workloads: described(
    z.array(workloadSchema).default([]),
    'What the guest does all the time, beside the service that is under load from the host.',
  ),
  baselineMs: described(z.int().min(500).max(600_000).default(2000), 'How long to watch before the first patch.'),
  soakMs: described(z.int().min(0).max(3_600_000).default(2000), 'How long to watch with each patch live.'),
  transitionTimeoutMs: described(
    z.int().min(1000).max(600_000).default(60_000),
    'Deadline of one transition, after which it is reversed.',
  ),
  budgets: described(
    z.strictObject({
      transitionMs: positiveMs.optional(),
      stallMs: positiveMs.optional(),
      p99Ms: positiveMs.optional(),
    }),
    'Figures that must not be exceeded: the longest transition, the longest stall, p99 latency of the service while patched.',
  ).default({}),
  expect: described(
    expectSchema.default('pass'),
    'What must come of it: pass; a refusal by that rule; or a failure with that text among its reasons.',
  ),
  control: described(
    z.enum(['reboot', 'none']).default('reboot'),
    'reboot: the same witnesses over a real reboot of the same machine, for comparison.',
  ),
  memoryMiB: z.int().min(192).max(65_536).default(512),
  cpus: z.int().min(1).max(64).default(2),
});

export type PatchEntry = z.output<typeof scenarioPatchSchema>;
export type ScenarioFile = z.output<typeof scenarioSchema>;

function isRegularExpression(text: string): boolean {
  try {
    return Boolean(new RegExp(text));
  } catch {
    return false;
  }
}
