// What became of one patch of a sweep.

import { z } from 'zod';
import { reason } from '../build/reason.ts';
import type { BuildReason, BuildResult } from '../build/result.ts';

/**
 * clean: built, loaded, every task patched, exercised, unloaded, and the kernel said nothing.
 * wrong: built, and then the kernel refused it, complained, or died.
 * stalled: built, but in a quiet guest its transition did not complete and was rolled back.
 * unproven: built, but no guest of this lab has what it patches, so that it changed nothing there.
 * unknown: could not be found out; a sweep that goes on tries it again.
 */
export const itemClasses = [
  'clean',
  'wrong',
  'stalled',
  'unproven',
  'refused',
  'does-not-compile',
  'no-change',
  'not-in-config',
  'unknown',
] as const;

export type ItemClass = (typeof itemClasses)[number];

/** What went wrong in the guest, and when. */
const defect = z.object({
  step: z.enum(['load', 'live', 'unload']),
  /** As the console room calls it, or `rejected`, `stuck`. */
  kind: z.string(),
  text: z.string(),
  report: z.array(z.string()).optional(),
});

export type Defect = z.infer<typeof defect>;

export const itemResult = z.object({
  name: z.string(),
  class: z.enum(itemClasses),
  moduleName: z.string().optional(),
  /** Replaced and added functions, `object:name`. */
  functions: z.array(z.string()),
  /** Against it: of rules, or why it is unproven or unknown. */
  reasons: z.array(z.looseObject({ rule: z.string(), message: z.string() })),
  defects: z.array(defect),
  /** Tasks that held its transition back, and where they sleep. */
  stalled: z.array(z.string()),
  buildMs: z.number(),
});

/** As kept on disk and in `--json`. */
export type ItemResult = z.infer<typeof itemResult>;

/** What the build alone says; undefined class: built. */
export function classOfBuild({ verdict, reasons }: BuildResult): ItemClass | undefined {
  if (verdict === 'built') return undefined;
  if (verdict === 'failed') return 'does-not-compile';
  const all = (...rules: BuildReason['rule'][]) => reasons.every(({ rule }) => rules.includes(rule));
  if (all('unit-not-built', 'module-not-shipped')) return 'not-in-config';
  return all('no-change', 'nothing-replaced', 'NP08') ? 'no-change' : 'refused';
}

/** A patch of a file that the target does not build. */
export function notInConfig(name: string, file: string): ItemResult {
  const nothing = { functions: [], defects: [], stalled: [], buildMs: 0 };
  return { name, class: 'not-in-config', reasons: [reason('unit-not-built', { file })], ...nothing };
}
