// The files a cell is made of, by content: what decides whether a result still counts, and what travels with the cell.

import { createHash } from 'node:crypto';
import { dirname, relative } from 'node:path';
import { contentKey } from '../../core/artefact.ts';
import { version } from '../../core/version.ts';
import { readScenarioFile, scenarioFiles } from '../scenario-files.ts';
import type { Cell } from './matrix-file.ts';

/** `path` is relative to the matrix file. */
export type CellFile = { path: string; sha256: string; content: Buffer };

/** Every file the scenario names, once. Throws `matrix.invalid` for one that cannot be read. */
export async function readCellFiles({ scenario }: Pick<Cell, 'scenario'>): Promise<CellFile[]> {
  const files = scenarioFiles(scenario).map(async (path) => {
    const content = await readScenarioFile(scenario, path, 'matrix');
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { path: relative(dirname(scenario.path), path), sha256, content };
  });
  return Promise.all(files);
}

/** Of everything a result depends on but the kernel, which a target name may mean another one of tomorrow. */
export function cellKey({ id, target, text }: Cell, files: readonly CellFile[]): string {
  return contentKey({ id, target, text, files: files.map(({ path, sha256 }) => [path, sha256]), version, format: 1 });
}
