// What every act of a livepatch is given.

import type { OpContext } from '../../core/operation.ts';
import type { Guest } from '../../vm/guest/guest.ts';
import type { ReproducerEvidence } from '../evidence.ts';
import type { ScenarioPatch } from '../scenario.ts';

/** A livepatch module as it goes into the guest. */
export type Livepatch = { module: string; content: Uint8Array };

export type ActRequest = {
  guest: Guest;
  patch: ScenarioPatch;
  livepatch: Livepatch;
  /** The same code under other names: with atomic replace, and without. As many as the acts of the patch need. */
  versions: { replacing: readonly Livepatch[]; stacked: readonly Livepatch[] };
  /** The functions that it changes. */
  functions: readonly string[];
  timeoutMs: number;
  /** How long a sleeper must hold a transition back. */
  holdMs: number;
  /** The path of a module that places a kprobe (images/guest/lpl_kprobe.c), built for the kernel. */
  kprobe: (ctx: OpContext) => Promise<string>;
  /** What the reproducer shows now; undefined without one. */
  show: (ctx: OpContext) => Promise<ReproducerEvidence['exitCode'] | undefined>;
};
