// The files that a scenario names, and what to say of one that is not there.

import { readFile } from 'node:fs/promises';
import { LabError } from '../core/error.ts';
import type { Scenario } from './scenario.ts';

/** Every file it names, once; absolute paths. */
export const scenarioFiles = ({ patches }: Pick<Scenario, 'patches'>): string[] => [
  ...new Set(patches.flatMap(({ source, reproducer }) => [source.path, ...(reproducer ? [reproducer] : [])])),
];

/** One of them. `what`: the kind of file that names it. Throws `scenario.invalid` or `matrix.invalid`. */
export async function readScenarioFile(
  scenario: Pick<Scenario, 'path'>,
  path: string,
  what: 'scenario' | 'matrix' = 'scenario',
): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new LabError(`${what}.invalid`, `${path}, which ${scenario.path} names, cannot be read`, {
      cause: error,
      hint: `paths in a ${what} are relative to it`,
    });
  });
}
