// A trial: one scenario on one target kernel, from sources to a verdict. What could not be found out is told apart from
// what was found out; only a cancelled trial throws.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asLabError, isLabError } from '../core/error.ts';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import { appendNdjson, writeJson } from '../core/store.ts';
import type { BuildResult } from '../build/result.ts';
import { copyConsole } from '../vm/console/console-segments.ts';
import type { RunningMachine } from '../vm/machine.ts';
import { recordReboot } from './control.ts';
import type { Evidence, PatchEvidence } from './evidence.ts';
import { readKernelLog, writeCanary } from './kernel-log.ts';
import { playPatch } from './patch-act.ts';
import { startRecording } from './recording.ts';
import { reportPage } from './report/report-page.ts';
import type { Scenario, ScenarioPatch } from './scenario.ts';
import { judgeEvidence, type Verdict } from './verdict.ts';

/** What a trial needs done by the rooms below, bound to one target kernel by the facade. */
export type TrialGround = {
  target: string;
  release: string;
  compiler: string;
  tool: string;
  /** `out`: where to put the module; in the cache without. */
  build(patch: ScenarioPatch, diff: string, ctx: OpContext, out?: string): Promise<BuildResult>;
  /** Boots a throw-away machine with the scenario's modules and reproducers in it. */
  boot(scenario: Scenario, ctx: OpContext): Promise<RunningMachine>;
};

export type TrialResult = { directory: string; report: string; evidence: Evidence; verdict: Verdict };

/** Runs the scenario; `directory` receives events.ndjson, evidence.json, verdict.json and report.html. */
export async function runTrial(
  scenario: Scenario,
  ground: TrialGround,
  directory: string,
  outer: OpContext,
): Promise<TrialResult> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const events = join(directory, 'events.ndjson');
  const ctx: OpContext = {
    ...outer,
    emit: (event) => {
      appendNdjson(events, { at: Date.now(), ...event });
      outer.emit(event);
    },
  };
  const evidence = emptyEvidence(scenario, ground);
  try {
    await gather(scenario, ground, evidence, directory, ctx);
  } catch (error) {
    if (outer.signal.aborted || isLabError(error, 'op.cancelled')) throw error;
    const { code, message, culprit } = asLabError(error);
    if (culprit === 'user') throw error;
    evidence.hindrance ??= { stage: evidence.run ? 'control' : 'preparation', culprit, code, message };
  }
  const verdict = judgeEvidence(evidence);
  const report = await runStage(ctx, { id: 'report', title: 'report' }, async () => {
    const path = join(directory, 'report.html');
    await writeFile(path, reportPage(evidence, verdict));
    await writeJson(join(directory, 'evidence.json'), evidence);
    await writeJson(join(directory, 'verdict.json'), verdict);
    return path;
  });
  ctx.emit({ type: 'verdict', verdict: verdict.verdict, reasons: verdict.reasons, report });
  return { directory, report, evidence, verdict };
}

function emptyEvidence(scenario: Scenario, ground: TrialGround): Evidence {
  const { target, release, compiler, tool } = ground;
  const { cpus, memoryMiB } = scenario;
  return {
    schema: 1,
    scenario: scenario.title,
    tool,
    target,
    release,
    compiler,
    patches: [],
    machine: { accelerator: 'never booted', cpus, memoryMiB },
  };
}

async function gather(
  scenario: Scenario,
  ground: TrialGround,
  evidence: Evidence,
  directory: string,
  ctx: OpContext,
): Promise<void> {
  // Building and booting need nothing of each other; a patch that does not build needs no machine.
  let machine: RunningMachine | undefined;
  try {
    const [patches] = await runTogether(ctx, [
      (inner) => buildAll(scenario, ground, inner),
      async (inner) => void (machine = await ground.boot(scenario, inner)),
    ]);
    evidence.patches = patches;
    if (machine) evidence.machine.accelerator = machine.config.accelerator;
    if (!machine || evidence.patches.some(({ build }) => build.verdict !== 'built')) return;
    await observe(scenario, machine, evidence, ctx);
    if (scenario.control === 'reboot' && !evidence.hindrance) evidence.control = await recordReboot(machine, ctx);
  } finally {
    if (machine) await endMachine(machine, directory);
  }
}

/** Its console is evidence; nothing else of it is kept. */
async function endMachine(machine: RunningMachine, directory: string): Promise<void> {
  await machine.stop();
  await copyConsole(machine.files.consoleLog, join(directory, 'console.log'));
  await machine.forget();
}

async function buildAll(scenario: Scenario, ground: TrialGround, ctx: OpContext): Promise<PatchEvidence[]> {
  const patches: PatchEvidence[] = [];
  for (const patch of scenario.patches) {
    const diff = await readFile(patch.file, 'utf8');
    const build = await ground.build(patch, diff, ctx);
    const { name, title, reproducer } = patch;
    patches.push({
      name,
      title,
      diff,
      build,
      reproducer: [],
      expectsReproducer: reproducer !== undefined,
      transitions: [],
    });
  }
  return patches;
}

/** The run that the verdict is about: baseline, every patch in turn, and a last quiet moment. */
async function observe(
  scenario: Scenario,
  machine: RunningMachine,
  evidence: Evidence,
  outer: OpContext,
): Promise<void> {
  const recording = await startRecording(machine, outer);
  const ctx = { ...outer, signal: recording.signal };
  try {
    const canary = await writeCanary(machine.guest, ctx.signal);
    await runStage(ctx, { id: 'baseline', title: `baseline ${scenario.baselineMs / 1000} s` }, () =>
      recording.baseline(scenario.baselineMs),
    );
    for (const [index, patch] of scenario.patches.entries()) {
      const request = { scenario, patch, index, machine, recording };
      await playPatch(request, evidence.patches[index] as PatchEvidence, ctx);
    }
    await recording.phase('after', undefined, () => sleep(Math.min(1000, scenario.baselineMs), undefined, ctx));
    evidence.dmesg = await readKernelLog(machine.guest, canary, ctx.signal);
  } catch (error) {
    if (outer.signal.aborted) throw error;
    const { code, message, culprit } = asLabError(recording.signal.aborted ? recording.signal.reason : error);
    evidence.hindrance = { stage: 'run', culprit, code, message };
  } finally {
    evidence.run = await recording.finish();
  }
}
