// From the text of a patch to the patched source of each translation unit, or to the reasons why it cannot be: everything
// that can be said before a compiler runs.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyPatch, type Applied } from '../patch/apply-patch.ts';
import { lintPath } from '../patch/lint-path.ts';
import { type PatchDefect, type PatchedFile, readPatch } from '../patch/read-patch.ts';
import { allOrRefused, isRefused, type Refused, refused } from './refused.ts';
import { reason } from './reason.ts';

/** A translation unit with its patched source. */
export type PatchedUnit = { path: string; original: string; applied: Applied };

/** Reads the patch and applies it to the source of the target (in memory). */
export async function preparePatch(
  text: string,
  kernel: { source: string; release: string },
): Promise<PatchedUnit[] | Refused> {
  const units = checkPaths(readPatch(text));
  return isRefused(units) ? units : allOrRefused(await Promise.all(units.map((file) => applyToSource(file, kernel))));
}

/** The translation units among the files of a patch; refused when it touches what a livepatch cannot change. */
export function checkPaths(files: PatchedFile[] | PatchDefect): PatchedFile[] | Refused {
  if (!Array.isArray(files)) return refused(defectReason(files));
  const checked = allOrRefused(files.map(checkFile));
  if (isRefused(checked)) return checked;
  const units = checked.filter((file) => lintPath(file.path).kind === 'unit');
  const [first] = files;
  if (units.length === 0)
    return refused(reason('NP01', { file: first?.path ?? '', what: 'what is no code of the kernel' }));
  return units;
}

function defectReason({ kind, file, line }: PatchDefect) {
  if (kind === 'empty') return reason('patch-empty');
  if (kind === 'binary') return reason('patch-binary');
  return reason('patch-truncated', { ...(file ? { file } : {}), patchLine: line });
}

function checkFile(file: PatchedFile): PatchedFile | Refused {
  const { path } = file;
  const kind = lintPath(path);
  if (kind.kind === 'escape') return refused(reason('patch-path', { path }));
  if (kind.kind === 'unpatchable')
    return refused(reason('NP01', { file: path, line: firstLine(file), what: kind.what }));
  if (kind.kind === 'header') return refused(reason('DA10', { file: path, line: firstLine(file) }));
  if (kind.kind === 'unit' && file.change !== 'modified')
    return refused(reason('patch-file-set', { file: path, change: file.change }));
  return file;
}

/** The first line the patch adds, or before which it deletes, in the patched file. */
function firstLine({ hunks: [hunk] }: PatchedFile): number {
  const before = hunk?.lines.findIndex(({ kind }) => kind !== 'keep') ?? 0;
  return Math.max((hunk?.newStart ?? 1) + before, 1);
}

async function applyToSource(
  file: PatchedFile,
  { source, release }: { source: string; release: string },
): Promise<PatchedUnit | Refused> {
  const { path } = file;
  const original = await readFile(join(source, path), 'latin1').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (original === undefined) return refused(reason('patch-no-such-file', { file: path, release }));
  const applied = applyPatch(original, file);
  if ('misfit' in applied) return refused(reason('patch-does-not-apply', { file: path, release, ...applied.misfit }));
  return { path, original, applied };
}
