// A translation unit that a patch changes: its own source, and the files it includes that are edited as well.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Applied } from '../patch/apply-patch.ts';
import { findDefinition } from '../patch/find-function.ts';
import type { Replacement } from './compile/compile-unit.ts';

/** A file of the kernel tree with what the patch makes of it. */
export type PatchedSource = { path: string; original: string; applied: Applied };

/** `applied` has no changes when the patch reaches the unit only through what it includes. */
export type PatchedUnit = PatchedSource & { included: readonly PatchedSource[] };

/** Everything of the unit that the patch edits; never empty. */
export function editsOf(unit: PatchedUnit): PatchedSource[] {
  return [...(unit.applied.changes.length > 0 ? [unit] : []), ...unit.included];
}

/** Where a function is defined, or else the first edit: for messages. */
export function placeIn(unit: PatchedUnit, name?: string): { file: string; line: number } {
  for (const { path, applied } of name === undefined ? [] : [unit, ...unit.included]) {
    const line = findDefinition(applied.text, name as string);
    if (line !== undefined) return { file: path, line };
  }
  const [first] = editsOf(unit);
  return { file: first?.path ?? unit.path, line: first?.applied.changes[0]?.newLine ?? 1 };
}

/** Writes edited files into `directory`, made here, for the compiler to read in place of the originals. */
export async function writeReplacements(
  sources: readonly PatchedSource[],
  { directory, render }: { directory: string; render: (applied: Applied) => string },
): Promise<Replacement[]> {
  await mkdir(directory, { recursive: true });
  const replacements = sources.map(({ path }, index) => ({ path, host: join(directory, `${index}`) }));
  await Promise.all(
    sources.map(({ applied }, index) => writeFile(join(directory, `${index}`), render(applied), 'latin1')),
  );
  return replacements;
}
