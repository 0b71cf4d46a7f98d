// The trials there were: each directory says whose it is (trial.json, written when it begins and again when it ends) and
// what came of it (verdict.json).

import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { identifyProcess, isAlive } from '../core/host-process.ts';
import type { LabPaths } from '../core/paths.ts';
import { readJson, writeJson } from '../core/store.ts';

const recordSchema = z.object({
  /** Path of the scenario file. */
  scenario: z.string(),
  title: z.string(),
  target: z.string(),
  /** Host times, ms since the epoch. */
  startedAt: z.number(),
  endedAt: z.number().optional(),
  owner: z.object({ pid: z.number(), startTicks: z.number() }),
});

const verdictSchema = z.object({
  verdict: z.enum(['pass', 'fail', 'refused', 'inconclusive']),
  reasons: z.array(z.string()),
});

/** `state`: `unfinished` is one that was cancelled or whose process died. */
export type TrialEntry = {
  id: string;
  directory: string;
  state: 'running' | 'judged' | 'unfinished';
  verdict?: 'pass' | 'fail' | 'refused' | 'inconclusive';
  reasons: string[];
  report?: string;
  scenario?: string;
  title?: string;
  target?: string;
  startedAt?: number;
  endedAt?: number;
};

export const trialsDirectory = (paths: LabPaths): string => join(paths.state, 'trials');

type TrialName = { scenario: string; title: string; target: string };

/** Runs `body` as the trial of that directory, which is made and says so from its first moment to its end. */
export async function recordTrial<T>(directory: string, name: TrialName, body: () => Promise<T>): Promise<T> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const record = { ...name, startedAt: Date.now(), owner: identifyProcess(process.pid) };
  const path = join(directory, 'trial.json');
  await writeJson(path, record);
  try {
    return await body();
  } finally {
    await writeJson(path, { ...record, endedAt: Date.now() });
  }
}

/** Newest first; the newest `count`. One whose files cannot be read is unfinished. */
export async function listTrials(paths: LabPaths, count: number): Promise<TrialEntry[]> {
  const root = trialsDirectory(paths);
  const names = (await readdir(root).catch(() => [])).sort().reverse().slice(0, count);
  return Promise.all(names.map((name) => readTrial(join(root, name))));
}

async function readTrial(directory: string): Promise<TrialEntry> {
  const [record, judged] = await Promise.all([
    readJson(join(directory, 'trial.json'), recordSchema).catch(() => undefined),
    readJson(join(directory, 'verdict.json'), verdictSchema).catch(() => undefined),
  ]);
  const { owner, ...named } = record ?? {};
  const isRunning = owner !== undefined && record?.endedAt === undefined && isAlive(owner);
  const told = Object.fromEntries(Object.entries(named).filter(([key]) => key !== 'schema'));
  return {
    id: basename(directory),
    directory,
    ...told,
    state: isRunning ? 'running' : judged ? 'judged' : 'unfinished',
    ...(judged && !isRunning ? { verdict: judged.verdict, report: join(directory, 'report.html') } : {}),
    reasons: judged?.reasons ?? [],
  };
}
