// Did anything stop? One check for each witness of DESIGN 5.

import type { Check } from './check.ts';
import type { WitnessSample } from '../workload/witness.ts';
import type { Evidence, Run } from './evidence.ts';
import { baselineSamples, ms, percent, requestFigures, seconds, stallFigures, witnessCost } from './figures.ts';

/** Taint bits a livepatch is expected to add: out-of-tree, unsigned, livepatch (Documentation/admin-guide/tainted-kernels). */
const expectedTaint = (1 << 12) | (1 << 13) | (1 << 15);

export function uptimeChecks(evidence: Evidence): Check[] {
  const { run } = evidence;
  if (!run) return [{ id: 'run', title: 'machine watched', ok: undefined, figure: 'the machine never ran' }];
  return [
    ...identityChecks(run),
    requestCheck(run),
    stallCheck(run),
    machineCheck(run),
    guestEndedCheck(run),
    kernelLogCheck(evidence, run),
    consoleCheck(evidence),
    taintCheck(run),
    ...(evidence.control ? [controlCheck(evidence.control)] : []),
  ];
}

function identityChecks(run: Run): Check[] {
  const identities = run.witness.flatMap(({ identity }) => identity ?? []);
  const same = <T>(values: T[]) => (values.length < 2 ? undefined : values.every((value) => value === values[0]));
  const bootIds = identities.map(({ bootId }) => bootId);
  const pids = identities.map(({ pids: starts }) => JSON.stringify(starts));
  const alive = identities.every(({ pids: starts }) => Object.values(starts).every((start) => start > 0));
  const span = identities.length < 2 ? undefined : uptimeSpan(run);
  const watched = Object.keys(identities[0]?.pids ?? {}).join(', ');
  return [
    {
      id: 'boot-id',
      title: 'boot_id unchanged',
      ok: same(bootIds),
      figure: `${new Set(bootIds).size} boot_id in ${bootIds.length} readings`,
    },
    {
      id: 'btime',
      title: 'btime unchanged',
      ok:
        identities.length < 2
          ? undefined
          : Math.max(...identities.map((i) => i.btime)) - Math.min(...identities.map((i) => i.btime)) <= 1,
      figure: `${identities[0]?.btime ?? 'never read'}`,
    },
    {
      id: 'uptime',
      title: 'uptime advances with host time',
      ok: span && !span.wentBack && Math.abs(span.guestMs - span.hostMs) <= Math.max(500, span.hostMs * 0.02),
      figure: span
        ? `${seconds(span.guestMs)} in the guest, ${seconds(span.hostMs)} on the host`
        : 'not enough samples',
    },
    {
      id: 'processes',
      title: 'pid 1 and witness processes live on',
      ok: same(pids) && alive,
      figure: `pids ${watched || 'never seen'}, start times ${same(pids) ? 'unchanged' : 'changed'}`,
    },
  ];
}

/** So many lines of the witness come in the time that one may be late (unheardLimitMs). */
const linesOfAnEnd = 10;

/** A line may come late, but not early: of the first lines and of the last ones those count that came soonest. */
function uptimeSpan({ witness }: Run): { guestMs: number; hostMs: number; wentBack: boolean } {
  const lag = ({ atMs, upUs }: WitnessSample) => atMs - upUs / 1000;
  const soonest = (samples: WitnessSample[]) => samples.reduce((one, other) => (lag(other) < lag(one) ? other : one));
  const count = Math.min(linesOfAnEnd, witness.length >> 1);
  const [first, last] = [soonest(witness.slice(0, count)), soonest(witness.slice(-count))];
  const wentBack = witness.some(({ upUs }, index) => upUs < (witness[index - 1]?.upUs ?? 0));
  return { guestMs: (last.upUs - first.upUs) / 1000, hostMs: last.atMs - first.atMs, wentBack };
}

function requestCheck(run: Run): Check {
  const { sent, answered, lost, broken, p50Ms, p99Ms, maxMs } = requestFigures(run);
  const wrong = run.connections.filter(({ event }) => event === 'wrong-answer').length;
  const base = { id: 'requests', title: 'every request answered' };
  // A load that did not run through the whole watch proves nothing about the part it missed.
  const everyPhase = run.phases.every(
    ({ fromMs, toMs }) => toMs - fromMs < 500 || requestFigures(run, { fromMs, toMs }).sent > 0,
  );
  if (sent === 0 || !everyPhase)
    return { ...base, ok: undefined, figure: `the load did not run all the time (${sent} requests)` };
  const figure = `${sent} sent, ${answered} answered, ${lost} lost, ${broken} connections broken; p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, max ${ms(maxMs)}`;
  return {
    ...base,
    ok: lost === 0 && broken === 0 && wrong === 0,
    figure: wrong ? `${figure}; ${wrong} wrong answers` : figure,
  };
}

/** Lines come every 200 ms; over a busy host's ssh now and then a second late. */
const unheardLimitMs = 2000;

/** How long a gap may be: five times the longest of this guest's own baseline, and never under a quarter second. */
function stallCheck(run: Run): Check {
  const base = { id: 'stall', title: 'no stall beyond the baseline' };
  const baseline = run.phases.find(({ name }) => name === 'baseline');
  const quiet = baseline && stallFigures(run, baseline);
  const patched = baseline && stallFigures(run, { fromMs: baseline.toMs, toMs: run.durationMs });
  if (!quiet || !patched || quiet.samples < baselineSamples)
    return { ...base, ok: undefined, figure: 'no heartbeat to compare with' };
  // A witness that fell silent saw nothing, whatever the reason; a stall it saw shows in the gap it reports afterwards.
  const unheardMs = patched.longestUnheardMs - patched.longestMs;
  if (unheardMs > unheardLimitMs)
    return {
      ...base,
      ok: undefined,
      figure: `nothing was heard of the heartbeat for ${seconds(patched.longestUnheardMs)}`,
    };
  const limitMs = Math.max(250, 5 * quiet.longestMs);
  return {
    ...base,
    ok: patched.longestOwnMs <= limitMs,
    figure:
      `longest ${ms(patched.longestMs)} (${ms(patched.longestOwnMs)} not explained by the host), baseline ${ms(quiet.longestMs)}, ` +
      `limit ${ms(limitMs)}; the witness cost ${percent(witnessCost(run))} of a CPU`,
  };
}

/** What the guest did itself, as QEMU tells it; a QEMU that someone killed says nothing about the guest. */
const isGuestsOwn = ({ event }: Run['machineEvents'][number]) => /^(SHUTDOWN \(guest-|GUEST_)/.test(event);

function machineCheck({ machineEvents }: Run): Check {
  const events = machineEvents.filter((event) => !isGuestsOwn(event)).map(({ event }) => event);
  return {
    id: 'machine',
    title: 'QEMU saw no reset or stop',
    ok: events.length === 0,
    figure: events.length === 0 ? 'no such event' : events.join(', '),
  };
}

function guestEndedCheck({ machineEvents }: Run): Check {
  const events = machineEvents.filter(isGuestsOwn).map(({ event }) => event);
  return {
    id: 'guest-ended',
    title: 'the guest did not restart, end or panic by itself',
    ok: events.length === 0,
    figure: events.length === 0 ? 'no such event' : events.join(', '),
  };
}

function consoleCheck({ console: heard }: Evidence): Check {
  const base = { id: 'console', title: 'console heard to the end' };
  if (!heard) return { ...base, ok: undefined, figure: 'the end was not reached' };
  if (heard.hasGap) return { ...base, ok: undefined, figure: 'it was cut: its logger had died for a while' };
  if (!heard.heardToTheEnd) return { ...base, ok: undefined, figure: 'it was cut: the last canary never came out' };
  return { ...base, ok: true, figure: 'the last canary came out of it' };
}

function kernelLogCheck({ dmesg }: Evidence, run: Run): Check {
  const base = { id: 'kernel-log', title: 'kernel log clean' };
  const seen = run.consoleProblems[0]?.line ?? dmesg?.problems[0];
  if (seen !== undefined) return { ...base, ok: false, figure: seen };
  if (!dmesg) return { ...base, ok: undefined, figure: 'the kernel log was not read' };
  if (!dmesg.canaryFound)
    return { ...base, ok: undefined, figure: 'the canary is gone: the log overflowed or was cleared' };
  return { ...base, ok: true, figure: `${dmesg.lines.length} lines since the canary, no complaint` };
}

function taintCheck(run: Run): Check {
  const taints = run.witness.flatMap(({ identity }) => identity?.taint ?? []);
  const [before, after] = [taints[0], taints.at(-1)];
  const base = { id: 'taint', title: 'only the expected taint' };
  if (before === undefined || after === undefined) return { ...base, ok: undefined, figure: 'never read' };
  const added = after & ~before;
  return {
    ...base,
    ok: (added & ~expectedTaint) === 0,
    figure: `${before} -> ${after} (${taintLetters(added) || 'none added'})`,
  };
}

const taintLetters = (bits: number) => [...'PFSRMBUDAWCIOELKXTN'].filter((_, bit) => (bits >> bit) & 1).join('');

/** The control experiment is our own negative control: witnesses that cannot tell a reboot prove nothing. */
function controlCheck(control: Run): Check {
  const bootIds = new Set(control.witness.flatMap(({ identity }) => identity?.bootId ?? []));
  const { lost, longestSilenceMs } = requestFigures(control);
  const noticed = bootIds.size > 1 && control.machineEvents.some(({ event }) => event === 'RESET');
  return {
    id: 'control',
    title: 'the same witnesses notice a reboot',
    ok: noticed ? true : undefined,
    figure: `${bootIds.size} boot_ids, ${lost} requests lost, silent for ${seconds(longestSilenceMs)}`,
  };
}
