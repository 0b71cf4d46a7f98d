// A scenario: the question a trial answers. One YAML file, paths relative to it.

import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { LabError } from '../core/error.ts';
import { readYaml } from '../core/read-yaml.ts';
import { planWorkload, type WorkloadPlan } from '../workload/workload-plan.ts';
import { type PatchEntry, type ScenarioFile, scenarioSchema } from './scenario-schema.ts';

/** Where a livepatch comes from; an absolute path. */
export type PatchSource = { kind: 'diff' | 'module'; path: string };

export type ScenarioPatch = Omit<PatchEntry, 'file' | 'module' | 'reproducer'> & {
  name: string;
  source: PatchSource;
  /** Absolute path. */
  reproducer?: string;
};
export type Scenario = Omit<ScenarioFile, 'patches' | 'workloads'> & {
  path: string;
  patches: ScenarioPatch[];
  workloads: WorkloadPlan[];
};

/** Reads and validates a scenario file. Throws `scenario.invalid` with file, line and what is wrong. */
export async function readScenario(path: string): Promise<Scenario> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new LabError('scenario.invalid', `${path} cannot be read`, {
      cause: error,
      hint: 'give the path of a scenario YAML file; `lpl scenario new` makes one',
    });
  });
  return parseScenario(text, resolve(path));
}

/** Pure but for nothing; `path` gives the directory that relative paths start from. Throws `scenario.invalid`. */
export function parseScenario(text: string, path: string): Scenario {
  const { data, wrong } = readYaml(text, path, {
    schema: scenarioSchema,
    what: 'scenario',
    code: 'scenario.invalid',
    hint: 'see lab/examples for scenarios that work, and lab/scenario.schema.json',
  });
  const directory = dirname(path);
  const inside = (relative: string): string => {
    const full = resolve(directory, relative);
    if (!full.startsWith(directory + sep)) throw wrong(`${relative} leads out of the scenario's directory`);
    return full;
  };
  const patches = data.patches.map(({ file, module, reproducer, ...rest }) => {
    const given = file ?? module ?? '';
    return {
      ...rest,
      name: basename(given).replace(/\.(patch|diff|ko)$/, ''),
      source: { kind: file === undefined ? ('module' as const) : ('diff' as const), path: inside(given) },
      ...(reproducer ? { reproducer: inside(reproducer) } : {}),
    };
  });
  const workloads = data.workloads.map((spec) => planWorkload(spec, data.cpus));
  if (patches.length === 0 && !data.selftests) throw wrong('patches: there is nothing to try', ['patches']);
  const repeated = (names: readonly string[]) => names.findIndex((name, index) => names.indexOf(name) < index);
  for (const [key, names] of [
    ['patches', patches.map(({ name }) => name)],
    ['workloads', workloads.map(({ name }) => name)],
  ] as const) {
    const index = repeated(names);
    if (index >= 0) throw wrong(`${key}.${index}: ${names[index]} is there already`, [key, index]);
  }
  return { ...data, path: join(directory, basename(path)), patches, workloads };
}
