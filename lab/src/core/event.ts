// The one union of events that both doors (CLI and editor) show. Plain JSON; written to events.ndjson as it is.
//
// Contract: stage.start and stage.end nest by their path ("kernel", "kernel/download"); after a failed stage.end only
// cleanup stages follow; an operation emits exactly one op.end, after all its clean-up.

import type { errorToJson } from './error.ts';

export type ErrorJson = ReturnType<typeof errorToJson>;

/** Where a line of text came from. */
export type LineSource = 'console' | 'build' | 'dmesg' | 'guest' | 'qemu' | 'lab';

export type EventBody =
  | { type: 'op.start'; name: string; /** the lpl command line that does the same */ equivalent?: string }
  | { type: 'op.end'; ok: boolean; ms: number; error?: ErrorJson }
  | { type: 'stage.start'; stage: string; title: string }
  | { type: 'stage.waiting'; stage: string; what: string }
  | { type: 'stage.progress'; stage: string; done: number; total?: number; unit: 'bytes' | 'files' | 'tasks' | 'ms' }
  | { type: 'stage.end'; stage: string; ok: boolean; ms: number; cached: boolean; note?: string; error?: ErrorJson }
  | { type: 'line'; from: LineSource; text: string; stage?: string }
  | { type: 'vm.state'; vm: string; state: 'starting' | 'running' | 'panicked' | 'reset' | 'stopped'; reason?: string }
  | {
      type: 'klp.transition';
      vm: string;
      module: string;
      direction: 'patching' | 'unpatching';
      /** Tasks whose patch_state has / has not yet reached the goal. */
      converged: number;
      remaining: number;
      complete: boolean;
    }
  | { type: 'klp.stalled'; vm: string; module: string; tasks: StalledTask[] }
  | { type: 'witness'; vm: string; answered: number; lost: number; stallMs: number; uptimeMs: number; phase: string }
  | {
      type: 'cell';
      /** Id of a matrix cell, and where it lies. */
      cell: string;
      kernel: string;
      patch: string;
      workload: string;
      state: 'waiting' | 'running' | 'pass' | 'fail' | 'refused' | 'inconclusive' | 'not-affected';
      /** What it is at while it runs. */
      doing?: string;
      /** Of one that has ended. `why`: what was not expected. */
      asExpected?: boolean;
      why?: string;
      ms?: number;
      /** It ended in an earlier run, which this one takes up. */
      kept?: true;
    }
  | { type: 'verdict'; verdict: string; reasons: string[]; report?: string };

/** A task that holds a transition back: /proc/PID/{comm,stack,patch_state}. */
export type StalledTask = { pid: number; comm: string; state: string; patchState: number; stack: string[] };

/** `at`: host time, milliseconds since the epoch. `op`: id of the operation. */
export type LabEvent = { at: number; op: string } & EventBody;
