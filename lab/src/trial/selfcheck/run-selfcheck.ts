// The lab checks itself: every negative control on a machine of its own, by the way that all trials go. What is not noticed,
// or for another reason than it should be, is a fault of the lab. And all being well must pass, or noticing proves nothing.

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePlainModule } from '../../build/link/plain-module.ts';
import { type TargetParts, targetParts } from '../../build/prepare-target.ts';
import { eachLimited } from '../../core/each-limited.ts';
import { LabError } from '../../core/error.ts';
import { type OpContext, runStage } from '../../core/operation.ts';
import type { Site } from '../../core/site.ts';
import { type BootTarget, resolveBootTarget } from '../../kernel/boot-target.ts';
import { defaultTargetName } from '../../kernel/target.ts';
import { ensureGuestProgram } from '../../workload/guest-program.ts';
import { trialGround } from '../ground.ts';
import type { Interlude } from '../observe.ts';
import type { Scenario } from '../scenario.ts';
import { runTrial } from '../trial.ts';
import { type Control, caughtBy, drownedBy, type Scene } from './control.ts';
import { kernelControls } from './kernel-controls.ts';
import { livepatchControls } from './livepatch-controls.ts';
import { witnessControls } from './witness-controls.ts';

/** All is well: the control of the controls. */
const nothing: Control = {
  id: 'nothing',
  title: 'nothing at all happens: this one must pass',
  caught: { verdict: 'pass', by: 'requests', says: /never looked at/ },
  quick: true,
};

export const controls: readonly Control[] = [nothing, ...kernelControls, ...witnessControls, ...livepatchControls];

/**
 * `caught`: for the right reason, which is `how`. `missed`: it passed, or was noticed for another reason. `not-shown`: the
 * trouble could not be made, so nothing was found out. `directory`: the trial with all its evidence.
 */
export type ControlResult = {
  id: string;
  title: string;
  result: 'caught' | 'missed' | 'not-shown';
  verdict: string;
  how: string;
  ms: number;
  directory: string;
};

export type SelfcheckRequest = {
  /** Which; default all of them, or the quick selection. */
  ids?: readonly string[];
  quick?: boolean;
  target?: string;
  /** Machines at a time; default 2. */
  jobs?: number;
};

type Equipment = { trouble: Uint8Array; intruder: Uint8Array };

/** Throws `usage.invalid` for a control that there is not; a control that is missed is a result. */
export async function runSelfcheck(ctx: OpContext, site: Site, request: SelfcheckRequest): Promise<ControlResult[]> {
  const chosen = chooseControls(request);
  const target = await resolveBootTarget(ctx, site, request.target ?? defaultTargetName);
  const parts = targetParts(ctx, site, target);
  const equipment = await prepareEquipment(ctx, site, parts);
  const results = new Map<string, ControlResult>();
  const play = (control: Control) =>
    runStage(ctx, { id: control.id, title: control.title }, async (stage) => {
      const result = await playControl({ site, target, parts, equipment, control }, stage);
      results.set(control.id, result);
      stage.note(`${result.result}${result.result === 'caught' ? '' : ` (${result.verdict})`}`);
    });
  // What others do to the host would hide it: a machine that spins beside it takes half of its CPUs.
  const alone = chosen.filter((control) => control.alone);
  const others = chosen.filter((control) => !control.alone);
  await eachLimited(others, request.jobs ?? 2, play);
  await eachLimited(alone, 1, play);
  return chosen.flatMap(({ id }) => results.get(id) ?? []);
}

/** In the order they are listed. */
export function chooseControls({ ids, quick }: SelfcheckRequest): Control[] {
  const unknown = ids?.find((wanted) => !controls.some(({ id }) => id === wanted));
  if (unknown !== undefined)
    throw new LabError('usage.invalid', `there is no control ${unknown}`, {
      hint: `these are: ${controls.map(({ id }) => id).join(', ')}`,
    });
  if (ids && ids.length > 0) return controls.filter(({ id }) => ids.includes(id));
  return controls.filter((control) => !quick || control.quick);
}

async function prepareEquipment(ctx: OpContext, site: Site, parts: TargetParts): Promise<Equipment> {
  const { kernel } = await parts.whole();
  const at = (name: string) => join(site.resources.selfcheck, name);
  return runStage(ctx, { id: 'equipment', title: 'what makes trouble in the guest' }, async (stage) => {
    const room = site.rooms.programs;
    const module = await ensurePlainModule(stage, { room, kernel, sourceFile: at('lpl_trouble.c') });
    const intruder = await ensureGuestProgram(stage, room, kernel.toolroot, at('lpl-intrude.c'));
    return { trouble: await readFile(module), intruder: await readFile(intruder) };
  });
}

type ControlRun = { site: Site; target: BootTarget; parts: TargetParts; equipment: Equipment; control: Control };

async function playControl(
  { site, target, parts, equipment, control }: ControlRun,
  ctx: OpContext,
): Promise<ControlResult> {
  const { id, title } = control;
  const started = performance.now();
  const directory = join(site.paths.state, 'selfcheck', id);
  await rm(directory, { recursive: true, force: true });
  const machine = { site, target, parts, machineName: `selfcheck-${id}`, start: 'snapshot' } as const;
  const ground = { ...trialGround(machine), interlude: interludeOf(control, equipment) };
  const { verdict, evidence } = await runTrial(scenarioOf(control, site), ground, directory, ctx);
  const how = control.id === nothing.id ? undefined : caughtBy(control, verdict);
  const ms = Math.round(performance.now() - started);
  const base = { id, title, verdict: verdict.verdict, ms, directory };
  if (how !== undefined) return { ...base, result: 'caught', how };
  if (control.id === nothing.id && verdict.verdict === 'pass') return { ...base, result: 'caught', how: 'it passed' };
  const drowned = drownedBy(control, verdict);
  if (drowned !== undefined) return { ...base, result: 'not-shown', how: `the host was too busy: ${drowned}` };
  return { ...base, result: evidence.hindrance ? 'not-shown' : 'missed', how: verdict.reasons[0] ?? '' };
}

function scenarioOf(control: Control, { resources }: Site): Scenario {
  return {
    ...{ schema: 1, title: `selfcheck: ${control.title}`, target: '', profile: 'tiny', path: resources.selfcheck },
    ...{
      patches: [],
      cumulative: false,
      selftests: false,
      workloads: [],
      baselineMs: 700,
      soakMs: 0,
      transitionTimeoutMs: 60_000,
    },
    ...{ budgets: {}, expect: 'pass', control: 'none', memoryMiB: 512, cpus: 2 },
    ...control.scenario?.(resources),
  };
}

const scriptMs = 120_000;

function interludeOf({ play, needs }: Control, { trouble, intruder }: Equipment): Interlude {
  return async (machine, recording, ctx) => {
    const { guest } = machine;
    const script: Scene['script'] = async (text) => {
      const { stdout, stderr, exitCode } = await guest.script(text, { signal: ctx.signal, timeoutMs: scriptMs });
      if (exitCode !== 0)
        throw new LabError('guest.command-failed', `the control ended with ${exitCode}: ${stderr.trim()}`);
      return stdout;
    };
    if (needs === 'trouble') {
      await guest.upload(trouble, '/run/lpl_trouble.ko', 0o600, ctx);
      await script('insmod /run/lpl_trouble.ko');
    }
    if (needs === 'intruder') await guest.upload(intruder, '/run/lpl-intrude', 0o755, ctx);
    const start = (text: string) =>
      void guest.script(text, { signal: ctx.signal, timeoutMs: scriptMs }).catch(() => undefined);
    const wait = async (ms: number) => void (await sleep(ms, undefined, { signal: ctx.signal }));
    await play?.({ machine, recording, ctx, script, start, wait });
  };
}
