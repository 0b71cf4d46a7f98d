// What a trial saw, raw and complete; the verdict is a pure function of it. Times are milliseconds on the clock of the run
// they belong to unless their name says otherwise.

import type { BuildResult } from '../build/result.ts';
import type { StalledTask } from '../core/event.ts';
import type { HostDelaySample } from '../workload/host-delay.ts';
import type { ConnectionEvent, RequestSample } from '../workload/service-load.ts';
import type { WitnessSample } from '../workload/witness.ts';
import type { WorkloadRecord } from '../workload/run-workload.ts';
import type { ScenarioFile } from './scenario-schema.ts';

/** A named stretch of a run. `patch`: index of the patch it belongs to. */
export type Phase = {
  name: 'baseline' | 'load' | 'live' | 'unload' | 'selftests' | 'interlude' | 'after' | 'reboot';
  patch?: number;
  fromMs: number;
  toMs: number;
};

/** `report`: all that the kernel printed about it, or QEMU knew: registers, stack. */
export type ConsoleTrouble = { atMs: number; kind: string; line: string; report?: string[] };

/** Everything the witnesses saw from the first to the last moment of one run over one machine. */
export type Run = {
  startedAt: number;
  durationMs: number;
  phases: Phase[];
  requests: RequestSample[];
  connections: ConnectionEvent[];
  witness: WitnessSample[];
  /** Host-side scheduling delay of QEMU's threads (/proc/PID/task/TID/schedstat), per sample. */
  hostDelay: HostDelaySample[];
  /** QMP events that mean the machine stopped, reset or died. */
  machineEvents: { atMs: number; event: string }[];
  /** Kernel complaints read off the console as they appeared. */
  consoleProblems: ConsoleTrouble[];
  /** What the guest was asked to do meanwhile. */
  workloads?: WorkloadRecord[];
};

/** One transition as followed from inside the guest. */
export type TransitionEvidence = {
  direction: 'patching' | 'unpatching';
  fromMs: number;
  toMs: number;
  outcome: 'complete' | 'reversed' | 'stuck';
  samples: { atMs: number; converged: number; remaining: number }[];
  stalled: StalledTask[];
};

export type ReproducerEvidence = { when: 'before' | 'live' | 'after'; exitCode: number; output: string };

/** Something more that was done with a livepatch: how often it was asked for, and how often it came out right. */
export type ActEvidence = {
  /** Of acts/play-acts.ts; `cumulative` of all patches together. */
  act: string;
  title: string;
  asked: number;
  done: number;
  said: string;
};

export type PatchEvidence = {
  name: string;
  title: string;
  diff: string;
  build: BuildResult;
  moduleSha256?: string;
  reproducer: ReproducerEvidence[];
  expectsReproducer: boolean;
  /** The modules that it is about came when it was live: there was no old behaviour before. */
  comesFirst?: boolean;
  transitions: TransitionEvidence[];
  /** `asked`: those that the scenario wants; an act that was not played is in nobody's list. */
  acts?: { asked: string[]; played: ActEvidence[] };
  /** What the kernel said when it would not take the module. */
  rejection?: string;
};

export type Evidence = {
  schema: 1;
  scenario: string;
  tool: string;
  target: string;
  release: string;
  machine: { accelerator: string; cpus: number; memoryMiB: number };
  compiler: string;
  /** Of the image that was booted. */
  kernelSha256?: string;
  /** What the scenario wants to come of it; a pass when it does not say. */
  expect?: ScenarioFile['expect'];
  budgets?: ScenarioFile['budgets'];
  patches: PatchEvidence[];
  run?: Run;
  control?: Run;
  dmesg?: { canaryFound: boolean; lines: string[]; problems: string[] };
  /** Whether what the kernel said last came out of the console, and whether something before it may be lost. */
  console?: { heardToTheEnd: boolean; hasGap?: boolean };
  /** Of all patches together; as those of one patch. */
  acts?: PatchEvidence['acts'];
  /** Those of the kernel itself: which were wanted (all when empty), and what their runner printed, (K)TAP. */
  selftests?: { tests: string[]; output?: string };
  /** What kept the trial from finding out, when something did. */
  hindrance?: { stage: string; culprit: 'user' | 'host' | 'guest' | 'us'; code: string; message: string };
};
