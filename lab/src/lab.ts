// The facade: the only door to the lab for the CLI and the editor. Nothing here decides; the rooms do.

// What both doors need to run and show operations.
export { type Argv, showArgv } from './core/command.ts';
export { asLabError, isLabError, type LabError } from './core/error.ts';
export type { EventBody, LabEvent } from './core/event.ts';
export { type OpContext, runOperation } from './core/operation.ts';
export { emptyOpView, type OpView, reduceEvent, type StageView } from './core/progress.ts';
export type { LabPaths } from './core/paths.ts';
export type { BuildReason, BuildResult } from './build/result.ts';
export type { Guest } from './vm/guest.ts';

import type { LabPaths } from './core/paths.ts';
import type { OpContext } from './core/operation.ts';
import type { BuildResult } from './build/result.ts';
import type { Guest } from './vm/guest.ts';

/** What `lpl vm ls` shows; derived from the instance directory, /proc and QMP, never stored. */
export type MachineStatus = {
  name: string;
  state: 'running' | 'paused' | 'panicked' | 'stopped' | 'broken';
  reason?: string;
  target: string;
  release: string;
  accelerator: string;
  sshPort?: number;
  pid?: number;
  /** Milliseconds since QEMU started. */
  upMs?: number;
  directory: string;
  consoleLog: string;
};

/** One klp_patch of a running guest, from /sys/kernel/livepatch. */
export type KlpPatchStatus = {
  name: string;
  enabled: boolean;
  transition: boolean;
  objects: { name: string; functions: string[] }[];
};

export type TrialSummary = {
  verdict: 'pass' | 'fail' | 'refused' | 'inconclusive';
  reasons: string[];
  /** Trial directory with evidence, events and report. */
  directory: string;
  report: string;
};

export type Lab = {
  readonly paths: LabPaths;
  /** Prepared and preparable targets, newest first. */
  listTargets(ctx: OpContext): Promise<{ name: string; release: string; prepared: boolean }[]>;
  prepareTarget(name: string, ctx: OpContext): Promise<{ name: string; release: string; source: string }>;
  build(
    request: { patch: string; patchName: string; target: string; out?: string; replace: boolean },
    ctx: OpContext,
  ): Promise<BuildResult>;
  vmUp(request: { name: string; target: string; memoryMiB?: number; cpus?: number }, ctx: OpContext): Promise<MachineStatus>;
  vmList(ctx: OpContext): Promise<MachineStatus[]>;
  vmDown(name: string, ctx: OpContext): Promise<void>;
  /** A root shell channel; the caller closes it. */
  vmGuest(name: string, ctx: OpContext): Promise<Guest>;
  /** Loads the module (a host path), follows the transition, rolls back on time-out. */
  klpLoad(request: { vm: string; module: string; timeoutMs?: number }, ctx: OpContext): Promise<KlpPatchStatus>;
  klpStatus(vm: string, ctx: OpContext): Promise<KlpPatchStatus[]>;
  klpDisable(request: { vm: string; module: string; timeoutMs?: number }, ctx: OpContext): Promise<void>;
  klpUnload(request: { vm: string; module: string; timeoutMs?: number }, ctx: OpContext): Promise<void>;
  trial(request: { scenario: string; target?: string }, ctx: OpContext): Promise<TrialSummary>;
};
