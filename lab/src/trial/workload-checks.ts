// Was the machine really at work while it was patched? One check for each workload: it got on in every phase, and nothing it
// did came out wrong.

import type { WorkloadRecord, WorkloadSample } from '../workload/run-workload.ts';
import type { Check } from './check.ts';
import type { Phase, Run } from './evidence.ts';
import { lastLine } from './last-line.ts';

/** Shorter phases may pass between two of a workload's steps, on a busy host. */
const shortestPhaseMs = 1000;
/** Phases that are not long either are looked at with a little of what was around them. */
const longPhaseMs = 2000;
const marginMs = 500;

export function workloadChecks(run: Run): Check[] {
  return (run.workloads ?? []).map((record) => {
    const wrong = whatWentWrong(record);
    const unknown = whatIsUnknown(record, run.phases);
    return {
      id: 'workload',
      title: `workload ${record.plan.name} ran throughout, and right`,
      ok: neverRan(record) ? undefined : wrong ? false : unknown ? undefined : true,
      figure: (neverRan(record) ? unknown : (wrong ?? unknown)) ?? rates(record, run.phases),
    };
  });
}

/** What it has got done: rounds of a kind, milliseconds of CPU time of a command. */
export const progress = ({ plan }: WorkloadRecord, sample: WorkloadSample) =>
  plan.mode === 'kind' ? sample.done : sample.cpuMs;

/** Codes of a shell that could not start the command (sh(1)). The last of many runs may have been cut short: it tells nothing. */
function wasNotStarted({ plan: { mode }, runs }: WorkloadRecord): boolean {
  if (mode === 'kind') return false;
  const telling = mode === 'repeat' ? runs.filter(({ stopped }) => !stopped) : runs;
  return telling.length > 0 && telling.every(({ exit }) => exit === 126 || exit === 127);
}

function neverRan(record: WorkloadRecord): boolean {
  return wasNotStarted(record) || !record.samples.some((sample) => progress(record, sample) > 0);
}

function whatWentWrong({ plan, said, samples, runs }: WorkloadRecord): string | undefined {
  const failed = samples.at(-1)?.failed ?? 0;
  if (failed > 0 || said.length > 0)
    return `${Math.max(failed, said.length)} wrong: ${said[0] ?? 'it did not say what'}`;
  const bad = runs.find(({ good }) => !good);
  if (bad) return `its command ${howItEnded(bad)}`;
  const early = plan.mode === 'keep' && runs.find(({ stopped }) => !stopped);
  return early ? `its command should have gone on, but ${howItEnded(early)}` : undefined;
}

function howItEnded({ exit, signal, output }: WorkloadRecord['runs'][number]): string {
  const last = lastLine(output);
  return `ended with ${signal ? `signal ${signal}` : exit}${last ? `: ${last}` : ''}`;
}

function whatIsUnknown(record: WorkloadRecord, phases: readonly Phase[]): string | undefined {
  const { plan, runs, trouble } = record;
  if (neverRan(record))
    return `never ran: ${trouble ?? (runs[0] ? lastLine(runs[0].output) : 'nothing was heard of it')}`;
  const idle = phases.filter((phase) => isLong(phase) && progressIn(record, withMargin(phase)) <= 0);
  if (idle.length > 0) return `did not get on in: ${idle.map(({ name }) => name).join(', ')}`;
  if (trouble) return trouble;
  return plan.mode === 'keep' && runs.length === 0 ? 'did not tell how it ended' : undefined;
}

const isLong = ({ fromMs, toMs }: Phase) => toMs - fromMs >= shortestPhaseMs;

function withMargin(phase: Phase): Phase {
  const { fromMs, toMs } = phase;
  return toMs - fromMs >= longPhaseMs ? phase : { ...phase, fromMs: fromMs - marginMs, toMs: toMs + marginMs };
}

function progressIn(record: WorkloadRecord, { fromMs, toMs }: Phase): number {
  const until = (atMs: number) => record.samples.findLast((sample) => sample.atMs <= atMs);
  const [before, after] = [until(fromMs), until(toMs)];
  return (after ? progress(record, after) : 0) - (before ? progress(record, before) : 0);
}

/** "812 rounds; per second: baseline 90, load 81, live 92". */
function rates(record: WorkloadRecord, phases: readonly Phase[]): string {
  const last = record.samples.at(-1);
  const total = last
    ? record.plan.mode === 'kind'
      ? `${last.done} rounds`
      : `${last.done} runs, ${(last.cpuMs / 1000).toFixed(1)} s of CPU`
    : '';
  const unit = record.plan.mode === 'kind' ? 'a second' : 'ms of CPU a second';
  const each = workloadRates(record, phases).map(({ name, perSecond }) => `${name} ${Math.round(perSecond)}`);
  return `${total}; ${unit}: ${each.join(', ')}`;
}

/** How fast it went in each kind of phase. */
export function workloadRates(
  record: WorkloadRecord,
  phases: readonly Phase[],
): { name: Phase['name']; perSecond: number }[] {
  return [...new Set(phases.map(({ name }) => name))].flatMap((name) => {
    const those = phases.filter((phase) => phase.name === name && isLong(phase));
    const ms = those.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
    const done = those.reduce((sum, phase) => sum + progressIn(record, phase), 0);
    return ms > 0 ? [{ name, perSecond: (done / ms) * 1000 }] : [];
  });
}
