// A trial: one scenario on one target kernel, from sources to a verdict. What could not be found out is told apart from
// what was found out; only a cancelled trial throws.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asLabError, isLabError } from '../core/error.ts';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import { appendNdjson, writeJson, writeWhole } from '../core/store.ts';
import { copyConsole } from '../vm/console/console-segments.ts';
import type { RunningMachine } from '../vm/machine.ts';
import { buildPatches, type PatchBuilder } from './build-patches.ts';
import { recordReboot } from './control.ts';
import type { Evidence } from './evidence.ts';
import { leaveMachine } from './leave-machine.ts';
import { type Interlude, observe } from './observe.ts';
import { reportPage } from './report/report-page.ts';
import type { Scenario } from './scenario.ts';
import type { Turns } from './turns.ts';
import { judgeEvidence, type Verdict } from './verdict.ts';

/** What a trial needs done by the rooms below, bound to one target kernel by the facade. */
export type TrialGround = {
  target: string;
  release: string;
  compiler: string;
  tool: string;
  build: PatchBuilder;
  /** Boots a machine with the scenario's modules and reproducers in it. */
  boot(scenario: Scenario, ctx: OpContext): Promise<RunningMachine>;
  /** The path of a module that places a kprobe (images/guest/lpl_kprobe.c), built for the kernel. */
  kprobe: (ctx: OpContext) => Promise<string>;
  /** A directory with the livepatch selftests of the kernel, built for it. */
  selftests: (ctx: OpContext) => Promise<string>;
  /** Of the kernel image that it boots; known once it has booted. */
  kernelSha256?(): Promise<string>;
  /** At transitions, with the other trials that are run beside it. */
  turns: Turns;
  /** The machine stays when the trial has come to its end, for a debugger; without the control experiment, which reboots it. */
  keep?: boolean;
  /** Something that happens to the machine after the last patch: how `lpl selfcheck` makes trouble. */
  interlude?: Interlude;
};

/** `machine`: name of the one that stays. */
export type TrialResult = {
  directory: string;
  report: string;
  evidence: Evidence;
  verdict: Verdict;
  machine?: string | undefined;
};

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
  let machine: string | undefined;
  try {
    machine = await gather(scenario, ground, evidence, directory, ctx);
  } catch (error) {
    // What fails then fails because its machine was ended.
    outer.signal.throwIfAborted();
    if (isLabError(error, 'op.cancelled')) throw error;
    const { code, message, culprit } = asLabError(error);
    if (culprit === 'user') throw error;
    evidence.hindrance ??= { stage: evidence.run ? 'control' : 'preparation', culprit, code, message };
  }
  const verdict = judgeEvidence(evidence);
  const report = await runStage(ctx, { id: 'report', title: 'report' }, async () => {
    const path = join(directory, 'report.html');
    await writeWhole(path, reportPage(evidence, verdict));
    await writeJson(join(directory, 'evidence.json'), evidence);
    await writeJson(join(directory, 'verdict.json'), verdict);
    return path;
  });
  ctx.emit({ type: 'verdict', verdict: verdict.verdict, reasons: verdict.reasons, report });
  return { directory, report, evidence, verdict, machine };
}

function emptyEvidence(scenario: Scenario, ground: TrialGround): Evidence {
  const { target, release, compiler, tool } = ground;
  const { cpus, memoryMiB, expect, budgets, selftests } = scenario;
  return {
    schema: 1,
    scenario: scenario.title,
    tool,
    target,
    release,
    compiler,
    expect,
    budgets,
    patches: [],
    ...(selftests ? { selftests: { tests: Array.isArray(selftests) ? selftests : [] } } : {}),
    machine: { accelerator: 'never booted', cpus, memoryMiB },
  };
}

/** Name of the machine, if it stays. */
async function gather(
  scenario: Scenario,
  ground: TrialGround,
  evidence: Evidence,
  directory: string,
  ctx: OpContext,
): Promise<string | undefined> {
  // Building and booting need nothing of each other; a patch that does not build needs no machine.
  let machine: RunningMachine | undefined;
  // A machine that nobody is to have needs no safe state: when cancelled, nothing in it is waited for.
  const endAtOnce = () => void machine?.stop().catch(() => undefined);
  ctx.signal.addEventListener('abort', endAtOnce, { once: true });
  try {
    const [prepared, , selftests] = await runTogether(ctx, [
      (inner) => buildPatches(scenario, ground, inner),
      async (inner) => void (machine = await ground.boot(scenario, inner)),
      async (inner) => (scenario.selftests ? ground.selftests(inner) : undefined),
    ]);
    Object.assign(evidence, prepared.evidence);
    if (machine) evidence.machine.accelerator = acceleratorOf(machine);
    if (machine && ground.kernelSha256) evidence.kernelSha256 = await ground.kernelSha256();
    if (!machine || evidence.patches.some(({ build }) => build.verdict !== 'built')) return undefined;
    await observe(
      {
        scenario,
        machine,
        prepared,
        kprobe: ground.kprobe,
        turns: ground.turns,
        selftests,
        ...(ground.interlude ? { interlude: ground.interlude } : {}),
      },
      evidence,
      ctx,
    );
    if (ground.keep) {
      const { name } = machine;
      await leaveMachine(machine, evidence, directory, ctx);
      machine = undefined;
      return name;
    }
    if (scenario.control === 'reboot' && !evidence.hindrance) evidence.control = await recordReboot(machine, ctx);
    return undefined;
  } finally {
    ctx.signal.removeEventListener('abort', endAtOnce);
    if (machine) await endMachine(machine, directory);
  }
}

const acceleratorOf = ({ config }: RunningMachine): string =>
  config.cpusInTurns ? `${config.accelerator} (CPUs in turns)` : config.accelerator;

/** Its console is evidence; nothing else of it is kept. */
async function endMachine(machine: RunningMachine, directory: string): Promise<void> {
  await machine.stop();
  await copyConsole(machine.files.consoleLog, join(directory, 'console.log'));
  await machine.forget();
}
