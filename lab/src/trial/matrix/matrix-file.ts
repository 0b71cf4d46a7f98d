// A matrix: many scenarios in one YAML file, every patch on every kernel under every workload. Each of them is a cell.

import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { asLabError, LabError } from '../../core/error.ts';
import { readYaml, type YamlFile } from '../../core/read-yaml.ts';
import { isShortName } from '../../kernel/target-names.ts';
import { parseStockName, parseTargetName } from '../../kernel/target.ts';
import { axisName, expectationOf, expectationSchema, misfit } from './expectation.ts';
import type { Expectation } from '../expectation.ts';
import { parseScenario, type Scenario } from '../scenario.ts';
import { scenarioPatchSchema, scenarioSchema } from '../scenario-schema.ts';

/**
 * An object that is one of `schema` but for its `own` keys; what it gives out is as it was written, without defaults.
 * `known`: keys of `schema` that are read here.
 */
const writtenAs = <T extends z.ZodRawShape, U extends z.ZodRawShape>(schema: z.ZodType, own: T, known: U) =>
  z.looseObject({ ...own, ...known }).superRefine((value, ctx) => {
    const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !(key in own)));
    const { error } = schema.safeParse(rest);
    for (const issue of error?.issues ?? []) ctx.addIssue({ ...issue });
  });

/** Any part of a scenario but what the axes say. */
const fragment = scenarioSchema
  .omit({ schema: true, title: true, target: true, patches: true, expect: true })
  .partial();

const matrixSchema = z.strictObject({
  schema: z.literal(1),
  title: z.string().min(1),
  /** `back`: that many kernels before the one the target name means; 1 is the kernel its users come from. */
  kernels: z
    .array(
      z.union([
        z.string(),
        writtenAs(
          fragment,
          { name: axisName.optional(), target: z.string(), back: z.int().min(0).max(99).default(0) },
          {},
        ),
      ]),
    )
    .min(1),
  patches: z
    .array(writtenAs(scenarioPatchSchema, { name: axisName.optional() }, { title: z.string(), file: z.string() }))
    .min(1),
  workloads: z.array(writtenAs(fragment, { name: axisName }, {})).min(1),
  /** What all scenarios have in common; a kernel says more than this, a workload more than a kernel. */
  scenario: writtenAs(fragment, {}, {}).default({}),
  /** Cells that are not to pass; the first that fits a cell counts. */
  expect: z.array(expectationSchema).default([]),
});

/** One scenario on one kernel. `kernel`, `patch` and `workload` are names of the axes. */
export type Cell = {
  id: string;
  kernel: string;
  patch: string;
  workload: string;
  target: { name: string; back: number };
  scenario: Scenario;
  /** The scenario as a file beside the matrix would say it. */
  text: string;
  expected: Expectation;
};

export type Axes = {
  kernels: { name: string; target: string; back: number }[];
  patches: { name: string; title: string; file: string }[];
  workloads: { name: string }[];
};

export type Matrix = { title: string; /** Absolute. */ path: string; axes: Axes; cells: Cell[] };

/** Reads and validates; kernel by kernel, in the order of the file. Throws `matrix.invalid` with file and line. */
export async function readMatrix(path: string): Promise<Matrix> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new LabError('matrix.invalid', `${path} cannot be read`, {
      cause: error,
      hint: 'give the path of a matrix YAML file',
    });
  });
  return parseMatrix(text, resolve(path));
}

/** Pure; `path` gives the directory that relative paths start from. Throws `matrix.invalid`. */
export function parseMatrix(text: string, path: string): Matrix {
  const { data, wrong } = readYaml(text, path, {
    schema: matrixSchema,
    what: 'matrix',
    code: 'matrix.invalid',
    hint: 'see lab/examples/stock.matrix.yaml for one that works',
  });
  const kernels = data.kernels.map((kernel, index) => {
    const { name, target, back, ...fragment } = typeof kernel === 'string' ? { target: kernel, back: 0 } : kernel;
    return {
      name: name ?? nameOfTarget(target, back),
      target: checked({ target, back }, index, wrong),
      back,
      fragment,
    };
  });
  const patches = data.patches.map(({ name, ...patch }) => ({ name: name ?? nameOfPatch(patch.file), patch }));
  const workloads = data.workloads.map(({ name, ...fragment }) => ({ name, fragment }));
  for (const [key, axis] of Object.entries({ kernels, patches, workloads })) requireNames(key, axis, wrong);
  for (const [index, each] of data.expect.entries()) {
    const unknown = misfit(each, { kernels, patches, workloads });
    if (unknown) throw wrong(unknown, ['expect', index]);
  }
  const cells = kernels.flatMap((kernel) =>
    patches.flatMap(({ name, patch }, p) =>
      workloads.map((workload): Cell => {
        const axes = { kernel: kernel.name, patch: name, workload: workload.name };
        const scenario = {
          schema: 1,
          title: `${patch.title} (${workload.name})`,
          target: kernel.target,
          control: 'none',
          ...data.scenario,
          ...kernel.fragment,
          ...workload.fragment,
          patches: [patch],
        };
        return {
          id: Object.values(axes).join('--'),
          ...axes,
          target: { name: kernel.target, back: kernel.back },
          ...parsed(stringify(scenario), path, (message) => wrong(message, ['patches', p])),
          expected: expectationOf(data.expect, axes),
        };
      }),
    ),
  );
  return {
    title: data.title,
    path,
    cells,
    axes: {
      kernels: kernels.map(({ name, target, back }) => ({ name, target, back })),
      patches: patches.map(({ name, patch: { title, file } }) => ({ name, title, file })),
      workloads: workloads.map(({ name }) => ({ name })),
    },
  };
}

const nameOfTarget = (target: string, back: number) =>
  target.replace(/^debian:/, '').replaceAll(/[^A-Za-z0-9._+-]+/g, '-') + (back > 0 ? `-back-${back}` : '');
const nameOfPatch = (file: string) => basename(file).replace(/\.(patch|diff)$/, '');

function checked(
  { target, back }: { target: string; back: number },
  index: number,
  wrong: YamlFile<unknown>['wrong'],
): string {
  try {
    // Which target has a short name is told when it is run; what comes before a kernel is a question to the mirror.
    if (isShortName(target)) return target;
    if (back > 0) parseStockName(target);
    else parseTargetName(target);
    return target;
  } catch (error) {
    throw wrong(asLabError(error).message, ['kernels', index]);
  }
}

function requireNames(axis: string, entries: readonly { name: string }[], wrong: YamlFile<unknown>['wrong']): void {
  for (const [index, entry] of entries.entries()) {
    const parsedName = axisName.safeParse(entry.name);
    if (!parsedName.success)
      throw wrong(`${entry.name} is not a name: ${parsedName.error.issues[0]?.message}`, [axis, index]);
    if (entries.findIndex((other) => other.name === entry.name) < index)
      throw wrong(`two ${axis} are called ${entry.name}: give one of them another \`name\``, [axis, index]);
  }
}

/** The scenario of a text that no one wrote: what is wrong with it is told of the entry it came from. */
function parsed(text: string, path: string, wrong: (message: string) => LabError): Pick<Cell, 'scenario' | 'text'> {
  try {
    return { scenario: parseScenario(text, path), text };
  } catch (error) {
    throw wrong(asLabError(error).message.replace(/^.*?:\d+: /, ''));
  }
}
