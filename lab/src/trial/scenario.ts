// A scenario: the question a trial answers. One YAML file, paths relative to it.

import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { LabError } from '../core/error.ts';
import { readYaml } from '../core/read-yaml.ts';
import { defaultTargetName } from '../kernel/target.ts';

const file = z.string().min(1);

export const scenarioPatchSchema = z.strictObject({
  /** What it mends, for people. */
  title: z.string(),
  /** Unified diff. */
  file,
  /** C program run as root in the guest: exit 1 shows the old behaviour, 0 the new one, anything else is no answer. */
  reproducer: file.optional(),
  /** Modules of the target to load before the patch. */
  modules: z.array(z.string().regex(/^[A-Za-z0-9_-]+$/)).default([]),
  /** Shell script, run as root in the guest before anything else of this patch: what the behaviour needs to be seen. */
  setup: z.string().optional(),
  /** Upstream versions that still show the old behaviour. */
  affects: z.strictObject({ before: z.string(), from: z.string().optional() }).optional(),
});

export const scenarioSchema = z.strictObject({
  schema: z.literal(1),
  title: z.string(),
  target: z.string().default(defaultTargetName),
  /** Guest profile: what runs around the kernel. */
  profile: z.string().default('tiny'),
  patches: z.array(scenarioPatchSchema).min(1),
  /** How long to watch before the first patch, with each patch live, and after the last. */
  baselineMs: z.int().min(500).max(600_000).default(2000),
  soakMs: z.int().min(0).max(3_600_000).default(2000),
  /** Deadline of one transition, after which it is reversed. */
  transitionTimeoutMs: z.int().min(1000).max(600_000).default(60_000),
  /** `reboot`: the same witnesses over a real reboot of the same machine, for comparison. */
  control: z.enum(['reboot', 'none']).default('reboot'),
  memoryMiB: z.int().min(192).max(65_536).default(512),
  cpus: z.int().min(1).max(64).default(2),
});

export type ScenarioPatch = Omit<z.output<typeof scenarioPatchSchema>, 'file' | 'reproducer'> & {
  name: string;
  /** Absolute paths. */
  file: string;
  reproducer?: string;
};
export type Scenario = Omit<z.output<typeof scenarioSchema>, 'patches'> & { path: string; patches: ScenarioPatch[] };

/** Reads and validates a scenario file. Throws `scenario.invalid` with file, line and what is wrong. */
export async function readScenario(path: string): Promise<Scenario> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new LabError('scenario.invalid', `${path} cannot be read`, {
      cause: error,
      hint: 'give the path of a scenario YAML file',
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
    hint: 'see lab/examples for scenarios that work',
  });
  const directory = dirname(path);
  const inside = (relative: string): string => {
    const full = resolve(directory, relative);
    if (!full.startsWith(directory + sep)) throw wrong(`${relative} leads out of the scenario's directory`);
    return full;
  };
  const patches = data.patches.map(({ file: patchFile, reproducer, ...rest }) => ({
    ...rest,
    name: basename(patchFile).replace(/\.(patch|diff)$/, ''),
    file: inside(patchFile),
    ...(reproducer ? { reproducer: inside(reproducer) } : {}),
  }));
  return { ...data, path: join(directory, basename(path)), patches };
}
