// From the text of a patch to the patched text of each file of the kernel's code, or to the reasons why it cannot be:
// everything that can be said before a compiler runs.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyPatch } from '../patch/apply-patch.ts';
import { lintPath } from '../patch/lint-path.ts';
import { type PatchDefect, type PatchedFile, readPatch } from '../patch/read-patch.ts';
import type { PatchedSource } from './patched-unit.ts';
import { allOrRefused, isRefused, type Refused, refused } from './refused.ts';
import { reason } from './reason.ts';

/** Reads the patch and applies it to the source of the target (in memory). */
export async function preparePatch(
  text: string,
  kernel: { source: string; release: string },
): Promise<PatchedSource[] | Refused> {
  const files = checkPaths(readPatch(text));
  return isRefused(files) ? files : allOrRefused(await Promise.all(files.map((file) => applyToSource(file, kernel))));
}

/** The C files and headers among the files of a patch; refused when it touches what a livepatch cannot change. */
export function checkPaths(files: PatchedFile[] | PatchDefect): PatchedFile[] | Refused {
  if (!Array.isArray(files)) return refused(defectReason(files));
  const checked = allOrRefused(files.map(checkFile));
  if (isRefused(checked)) return checked;
  const code = checked.filter((file) => lintPath(file.path).kind !== 'aside');
  const [first] = files;
  if (code.length === 0) return refused(reason('patch-no-code', { file: first?.path ?? '' }));
  return code;
}

/** Why text is no patch, in the words of a rule. */
export function defectReason({ kind, file, line }: PatchDefect) {
  if (kind === 'empty') return reason('patch-empty');
  if (kind === 'binary') return reason('patch-binary');
  if (kind === 'not-utf8') return reason('patch-not-utf8', { patchLine: line });
  return reason('patch-truncated', { ...(file ? { file } : {}), patchLine: line });
}

function checkFile(file: PatchedFile): PatchedFile | Refused {
  const { path } = file;
  const kind = lintPath(path);
  if (kind.kind === 'escape') return refused(reason('patch-path', { path }));
  if (kind.kind === 'unpatchable')
    return refused(reason('NP01', { file: path, line: firstLine(file), what: kind.what }));
  if (kind.kind !== 'aside' && file.change !== 'modified')
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
): Promise<PatchedSource | Refused> {
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
