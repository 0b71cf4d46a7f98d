// Applies the hunks of one file as `patch -F0` would: a hunk may have moved, its lines must match exactly.

import type { Hunk, PatchedFile } from './read-patch.ts';

/** Where the lines of the unpatched file went. Both 1-based, `oldCount` lines were replaced by `newCount`. */
export type LineChange = { oldLine: number; oldCount: number; newLine: number; newCount: number };

export type Applied = { text: string; changes: LineChange[] };

/** The hunk that fits nowhere: its header's line in the patch, and where it should have gone. */
export type Misfit = { misfit: { patchLine: number; line: number } };

/** The patched text with its changes in order, or the first hunk that does not fit. */
export function applyPatch(original: string, file: PatchedFile): Applied | Misfit {
  const old = original.split('\n');
  const out: string[] = [];
  const changes: LineChange[] = [];
  let next = 0;
  let drift = 0;
  for (const hunk of file.hunks) {
    const expected = Math.max(hunk.oldStart - 1, 0);
    const at = findHunk(old, hunk, expected + drift, next);
    if (at === undefined) return { misfit: { patchLine: hunk.patchLine, line: hunk.oldStart } };
    drift = at - expected;
    out.push(...old.slice(next, at));
    next = applyHunk(hunk, at, out, changes);
  }
  out.push(...old.slice(next));
  return { text: out.join('\n'), changes };
}

/** Copies the hunk's new lines; returns the index after its old ones. */
function applyHunk(hunk: Hunk, at: number, out: string[], changes: LineChange[]): number {
  let old = at;
  let open: LineChange | undefined;
  for (const { kind, text } of hunk.lines) {
    if (kind === 'keep') open = undefined;
    else if (!open) {
      open = { oldLine: old + 1, oldCount: 0, newLine: out.length + 1, newCount: 0 };
      changes.push(open);
    }
    if (kind !== 'delete') out.push(text);
    if (kind !== 'add') old += 1;
    if (open && kind === 'add') open.newCount += 1;
    if (open && kind === 'delete') open.oldCount += 1;
  }
  return old;
}

/** The index nearest to `wanted`, not before `from`, at which the hunk's old lines stand. */
function findHunk(old: readonly string[], hunk: Hunk, wanted: number, from: number): number | undefined {
  const lines = hunk.lines.filter(({ kind }) => kind !== 'add').map(({ text }) => text);
  const fits = (at: number) => at >= from && lines.every((line, index) => old[at + index] === line);
  for (let distance = 0; distance <= old.length; distance += 1) {
    if (fits(wanted - distance)) return wanted - distance;
    if (fits(wanted + distance)) return wanted + distance;
  }
  return undefined;
}
