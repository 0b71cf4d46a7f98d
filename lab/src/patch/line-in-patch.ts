// From a line of a patched source file to the line of the patch that made it, for those who review the patch.

import { readPatch } from './read-patch.ts';

/**
 * Line of `patch` (1-based) that stands for `line` of the patched `file`, or for the nearest change of it; the file's first
 * change without a line. Undefined when the patch does not touch that file, or is none.
 */
export function lineInPatch(patch: string, file: string | undefined, line: number | undefined): number | undefined {
  const files = readPatch(patch);
  if (!Array.isArray(files)) return undefined;
  const hunks = files.find(({ path }) => path === file)?.hunks ?? [];
  let nearest: { patchLine: number; distance: number } | undefined;
  for (const hunk of hunks) {
    let newLine = hunk.newStart;
    for (const [index, { kind }] of hunk.lines.entries()) {
      const distance = kind === 'keep' ? Infinity : Math.abs(newLine - (line ?? 0));
      if (distance < Infinity && distance <= (nearest?.distance ?? Infinity))
        nearest = { patchLine: hunk.patchLine + 1 + index, distance };
      if (kind !== 'delete') newLine += 1;
    }
  }
  return nearest?.patchLine;
}
