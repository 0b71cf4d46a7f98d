// A trial of the past, as it was kept: found by its name, with evidence and verdict.

import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { LabError } from '../core/error.ts';
import type { LabPaths } from '../core/paths.ts';
import { readJson } from '../core/store.ts';
import type { Evidence } from './evidence.ts';
import { trialsDirectory } from './history.ts';
import type { Verdict } from './verdict.ts';

export type JudgedTrial = { id: string; directory: string; report: string; evidence: Evidence; verdict: Verdict };

/** As far as the lab looks at what it wrote itself. */
const evidenceSchema = z.looseObject({ scenario: z.string(), release: z.string(), patches: z.array(z.unknown()) });
const verdictSchema = z.looseObject({
  verdict: z.string(),
  reasons: z.array(z.string()),
  checks: z.array(z.unknown()),
});

/** `name`: a trial's id or the end of it, `last`, or a directory. Throws `usage.invalid` when it is none, or not judged. */
export async function readTrial(paths: LabPaths, name: string): Promise<JudgedTrial> {
  const directory = await findTrial(paths, name);
  const [evidence, verdict] = await Promise.all([
    readJson(join(directory, 'evidence.json'), evidenceSchema),
    readJson(join(directory, 'verdict.json'), verdictSchema),
  ]);
  if (!evidence || !verdict)
    throw new LabError('usage.invalid', `${directory} has no verdict: it was cancelled, or runs still`, {
      hint: lookHint,
    });
  return {
    id: basename(directory),
    directory,
    report: join(directory, 'report.html'),
    evidence: evidence as unknown as Evidence,
    verdict: verdict as unknown as Verdict,
  };
}

const lookHint = '`lpl history` shows the trials there are';

async function findTrial(paths: LabPaths, name: string): Promise<string> {
  if (name.includes('/') || name === '.') return directoryOf(resolve(name));
  const root = trialsDirectory(paths);
  const ids = (await readdir(root).catch(() => [])).sort();
  const found = name === 'last' ? ids.slice(-1) : ids.filter((id) => id === name || id.endsWith(`-${name}`));
  const [only, ...others] = found;
  if (only === undefined) throw new LabError('usage.invalid', `there is no trial ${name}`, { hint: lookHint });
  if (others.length > 0)
    throw new LabError('usage.invalid', `${name} is the end of ${found.length} trials: ${found.join(', ')}`, {
      hint: lookHint,
    });
  return join(root, only);
}

async function directoryOf(path: string): Promise<string> {
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw new LabError('usage.invalid', `${path} is no directory of a trial`, { hint: lookHint });
  return path;
}
