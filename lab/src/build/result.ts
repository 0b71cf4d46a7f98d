// What a build says: built, refused (a rule stands against it) or failed (it does not compile).

import type { RuleId } from './rules.ts';

/** One reason for a refusal or failure, in the shape of `lpl build --json` and of the editor's diagnostics. */
export type BuildReason = {
  rule: RuleId;
  /** Path in the kernel tree. */
  file?: string;
  /** Line in the patched file, 1-based. */
  line?: number;
  function?: string;
  /** One sentence: what, where, why. */
  message: string;
  /** What to do instead. */
  hint: string;
};

/** A function of the livepatch. `object`: vmlinux or a module name. */
export type PatchedFunction = { object: string; name: string; kind: 'changed' | 'new'; file: string };

export type BuildStage = { name: string; ms: number; cached: boolean };

/**
 * objdiff: from a patch of the source, by compiling what it touches. klp-build, kpatch-build: from a patch, by building the
 * developer's whole kernel with upstream's tool. module: from a livepatch written by hand.
 */
export const buildEngines = ['objdiff', 'klp-build', 'kpatch-build', 'module'] as const;

export type BuildEngine = (typeof buildEngines)[number];

export type BuildResult = {
  verdict: 'built' | 'refused' | 'failed';
  /** `ready`: not built here, but given as a module. */
  engine: BuildEngine | 'ready';
  /** How it was built and why so, one line; absent when it was refused before that was known. */
  choice?: string;
  /** Host path of the livepatch module (.ko); only when built. */
  module?: string;
  /** Name in /sys/kernel/livepatch and /sys/module. */
  moduleName: string;
  functions: PatchedFunction[];
  reasons: BuildReason[];
  /** What of the patch a built livepatch leaves out. */
  notes?: BuildReason[];
  stages: BuildStage[];
};
