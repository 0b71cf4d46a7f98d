// Evidence of a trial in which everything went well, for tests to spoil one thing at a time.

import type { WorkloadRecord } from '../../lab/src/workload/run-workload.ts';
import { planWorkload } from '../../lab/src/workload/workload-plan.ts';
import type { Evidence, PatchEvidence, Run } from '../../lab/src/trial/evidence.ts';

const identity = { bootId: 'b-1', btime: 1000, taint: 0, cpuUs: 0, pids: { '1': 5, '7': 90 } };

/** Ten seconds at 100 requests a second and ten heartbeats a second; load at 3 s, unload at 6 s. */
export function goodRun(): Run {
  const every = (stepMs: number) => Array.from({ length: 10_000 / stepMs }, (_, index) => index * stepMs);
  return {
    startedAt: 0,
    durationMs: 10_000,
    phases: [
      { name: 'baseline', fromMs: 0, toMs: 2000 },
      { name: 'load', patch: 0, fromMs: 3000, toMs: 4000 },
      { name: 'live', patch: 0, fromMs: 4000, toMs: 6000 },
      { name: 'unload', patch: 0, fromMs: 6000, toMs: 7000 },
      { name: 'after', fromMs: 8000, toMs: 10_000 },
    ],
    requests: every(10).map((atMs, index) => ({ atMs, connection: index % 4, latencyMs: 2 })),
    connections: [{ atMs: 0, connection: 0, event: 'open' }],
    witness: every(100).map((atMs, index) => ({
      atMs,
      upUs: 3_000_000 + atMs * 1000,
      wallUs: atMs * 1000,
      gapUs: 21_000,
      ...(index % 10 === 0 ? { identity: { ...identity, cpuUs: atMs * 10, taint: atMs < 3000 ? 0 : 45_056 } } : {}),
    })),
    hostDelay: [],
    machineEvents: [],
    consoleProblems: [],
    workloads: [goodWorkload()],
  };
}

/** A command of the guest that used half a CPU all the time, and was told to end. */
export function goodWorkload(): WorkloadRecord {
  const plan = planWorkload({ name: 'busy', command: 'busy', mode: 'keep', exit: 0 }, 2);
  const samples = Array.from({ length: 100 }, (_, index) => ({
    ...{ atMs: index * 100, done: 0, failed: 0, tasks: 1 },
    cpuMs: index * 50 + 1,
  }));
  const run = { atMs: 10_000, exit: -1, signal: 15, ms: 10_000, stopped: true, good: true, output: '' };
  return { plan, samples, runs: [run], said: [] };
}

export function goodPatch(): PatchEvidence {
  const transition = {
    outcome: 'complete' as const,
    stalled: [],
    samples: [{ atMs: 3500, converged: 70, remaining: 0 }],
  };
  return {
    name: 'fix',
    title: 'a fix',
    diff: '--- a/x\n+++ b/x\n',
    build: {
      verdict: 'built',
      engine: 'objdiff',
      module: '/x.ko',
      moduleName: 'livepatch_fix',
      functions: [{ object: 'vmlinux', name: 'f', kind: 'changed', file: 'x.c' }],
      reasons: [],
      stages: [],
    },
    reproducer: [
      { when: 'before', exitCode: 1, output: 'VULNERABLE\n' },
      { when: 'live', exitCode: 0, output: 'FIXED\n' },
      { when: 'after', exitCode: 1, output: 'VULNERABLE\n' },
    ],
    expectsReproducer: true,
    acts: {
      asked: ['cycles'],
      played: [{ act: 'cycles', title: 'loads again and again', asked: 3, done: 3, said: 'slowest 1 s' }],
    },
    transitions: [
      { ...transition, direction: 'patching', fromMs: 3000, toMs: 4000 },
      { ...transition, direction: 'unpatching', fromMs: 6000, toMs: 7000 },
    ],
  };
}

export function goodControl(): Run {
  const run = goodRun();
  return {
    ...run,
    phases: [{ name: 'reboot', fromMs: 2000, toMs: 7000 }],
    requests: run.requests.map((sample) =>
      sample.atMs > 2000 && sample.atMs < 7000 ? { ...sample, latencyMs: null } : sample,
    ),
    witness: run.witness.map((sample) =>
      sample.identity && sample.atMs > 5000 ? { ...sample, identity: { ...sample.identity, bootId: 'b-2' } } : sample,
    ),
    machineEvents: [{ atMs: 2000, event: 'RESET' }],
  };
}

export function goodEvidence(): Evidence {
  return {
    schema: 1,
    scenario: 'all is well',
    tool: 'lpl test',
    target: 'debian:trixie/cloud-amd64@6.12.94',
    release: '6.12.94+deb13-cloud-amd64',
    machine: { accelerator: 'tcg', cpus: 2, memoryMiB: 512 },
    compiler: 'gcc-14',
    patches: [goodPatch()],
    run: goodRun(),
    control: goodControl(),
    console: { heardToTheEnd: true },
    dmesg: { canaryFound: true, lines: ['[    1.0] fine'], problems: [] },
  };
}
