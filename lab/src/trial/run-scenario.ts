// A scenario file on a target kernel, with the result where people and tools look for it.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { OpContext } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { type BootTarget, resolveBootTarget } from '../kernel/boot-target.ts';
import { targetParts } from '../build/prepare-target.ts';
import type { BuildReason } from '../build/result.ts';
import { figureLines } from './figure-lines.ts';
import { recordTrial, trialsDirectory } from './history.ts';
import { reapInstances } from '../vm/reap-instances.ts';
import { type GroundRequest, trialGround } from './ground.ts';
import { readScenario, type Scenario } from './scenario.ts';
import { readScenarioFile, scenarioFiles } from './scenario-files.ts';
import { runTrial } from './trial.ts';
import type { Verdict } from './verdict.ts';

/** `lpl trial --json`. Times in milliseconds. */
export type TrialSummary = {
  verdict: Verdict['verdict'];
  reasons: string[];
  /** How many checks were made. */
  checks: number;
  /** What supports the verdict, for people. */
  figures: string[];
  /** Refusals and compile errors, in the shape of `lpl build --json`. */
  diagnostics: BuildReason[];
  target: string;
  /** Trial directory, and the files in it. */
  directory: string;
  evidence: string;
  report: string;
  /** Name of the machine that stays. */
  machine?: string;
  stages: { name: string; ms: number; cached: boolean }[];
};

/** `lpl trial`. `target`: another than the scenario's; `start`: of its machine, default `snapshot`; `keep`: leaves it running. */
export type TrialCommand = { scenario: string; target?: string } & TrialMachine;
type TrialMachine = Partial<Pick<GroundRequest, 'start' | 'keep'>>;

/** Reads and runs a scenario file. Throws `scenario.invalid` (also for a file it names that is not there), `kernel.unknown`, or when cancelled. */
export async function runScenario(ctx: OpContext, site: Site, request: TrialCommand): Promise<TrialSummary> {
  const scenario = await readScenario(request.scenario);
  for (const path of scenarioFiles(scenario)) await readScenarioFile(scenario, path);
  const target = await resolveBootTarget(ctx, site, request.target ?? scenario.target);
  return runOnKernel(ctx, site, scenario, target, request);
}

/** Runs a scenario on that kernel. */
export async function runOnKernel(
  ctx: OpContext,
  site: Site,
  scenario: Scenario,
  target: BootTarget,
  { start = 'snapshot', keep = false }: TrialMachine = {},
): Promise<TrialSummary> {
  await reapInstances(site.paths, ctx.signal);
  const id = `${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}-${randomBytes(2).toString('hex')}`;
  const directory = join(trialsDirectory(site.paths), id);
  const stages: TrialSummary['stages'] = [];
  const timed: OpContext = {
    ...ctx,
    emit: (event) => {
      if (event.type === 'stage.end') stages.push({ name: event.stage, ms: event.ms, cached: event.cached });
      ctx.emit(event);
    },
  };
  const parts = targetParts(timed, site, target);
  const ground = trialGround({ site, target, machineName: `trial-${id.slice(-13)}`, parts, start, keep });
  const named = { scenario: scenario.path, title: scenario.title, target: ground.target };
  const { evidence, verdict, report, machine } = await recordTrial(directory, named, () =>
    runTrial(scenario, ground, directory, timed),
  );
  return {
    verdict: verdict.verdict,
    reasons: verdict.reasons,
    checks: verdict.checks.length,
    figures: figureLines(evidence),
    diagnostics: evidence.patches.flatMap(({ build }) => build.reasons),
    target: ground.target,
    directory,
    evidence: join(directory, 'evidence.json'),
    report,
    ...(machine ? { machine } : {}),
    stages,
  };
}
