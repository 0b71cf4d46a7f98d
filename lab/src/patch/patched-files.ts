// What a patch makes of the files it is about: each before and after, or where it does not fit. Files are those of a
// directory with edited ones, where it has them, over those of the pristine source.

import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { LabError } from '../core/error.ts';
import { applyPatch } from './apply-patch.ts';
import type { PatchedFile } from './read-patch.ts';

/** Texts have one character a byte (Latin-1). `before`: undefined for a new file, `after`: for one that goes. */
export type FileAfterPatch = { path: string; before: string | undefined; after: string | undefined };

/** `line`: where in the file, `patchLine`: where in the patch; both 1-based. */
export type PatchConflict = { file: string; line: number; patchLine: number; message: string };

export type PatchedTexts = { files: FileAfterPatch[]; conflicts: PatchConflict[] };

export type PatchedFilesRequest = {
  files: readonly PatchedFile[];
  /** Where the files of today are, the first that has one. */
  roots: readonly string[];
};

/** Reads, writes nothing. Throws `patch.invalid` for a path that leads out of the tree. */
export async function patchedFiles({ files, roots }: PatchedFilesRequest): Promise<PatchedTexts> {
  const found: PatchedTexts = { files: [], conflicts: [] };
  for (const file of files) {
    const before = await readFirst(roots, file.path);
    const after = patchText(file, before);
    if ('message' in after) found.conflicts.push({ file: file.path, ...after });
    else found.files.push({ path: file.path, before, after: after.text });
  }
  return found;
}

/** The path of a file of a patch below `root`. Throws `patch.invalid` when it is not below it. */
export function pathInTree(root: string, path: string): string {
  const full = join(resolve(root), path);
  if (full.startsWith(resolve(root) + sep)) return full;
  throw new LabError('patch.invalid', `the patch names ${path}, which is outside the kernel tree`, {
    hint: 'make it in the kernel tree, with a/ and b/ before the paths',
  });
}

type Failed = Omit<PatchConflict, 'file'>;

function patchText(file: PatchedFile, before: string | undefined): { text: string | undefined } | Failed {
  const [first] = file.hunks;
  const conflict = (message: string): Failed => ({ line: 1, patchLine: first?.patchLine ?? 1, message });
  if (file.change === 'created' && before !== undefined)
    return conflict('the patch makes a file that is there already');
  if (file.change !== 'created' && before === undefined) return conflict('there is no such file in this kernel');
  const applied = applyPatch(before ?? '', file);
  if ('misfit' in applied) return { ...applied.misfit, message: 'these lines are not what the patch expects' };
  if (file.change !== 'deleted') return { text: applied.text };
  return applied.text.trim() === '' ? { text: undefined } : conflict('the file that the patch deletes has more in it');
}

async function readFirst(roots: readonly string[], path: string): Promise<string | undefined> {
  for (const root of roots) {
    const text = await readFile(pathInTree(root, path), 'latin1').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR') return undefined;
      throw error;
    });
    if (text !== undefined) return text;
  }
  return undefined;
}
