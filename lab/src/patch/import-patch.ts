// Brings a patch into a directory of edited files, or takes it out again: all of it, or nothing with every conflict named.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LabError } from '../core/error.ts';
import { patchedFiles, type PatchConflict, pathInTree } from './patched-files.ts';
import { readPatch } from './read-patch.ts';
import { reversePatch } from './reverse-patch.ts';

export type ImportRequest = {
  patch: string;
  /** Holds a whole tree, or only the edited files at their paths. */
  directory: string;
  /** Pristine source, for files that the directory has not. Never written to. */
  source: string;
  /** Take it out. */
  reverse: boolean;
};

/** `already`: there was nothing to do. Conflicts name what stood in the way; nothing was written then. */
export type ImportedPatch = {
  outcome: 'applied' | 'already' | 'conflict';
  files: string[];
  conflicts: PatchConflict[];
};

/** Hunks may have moved, their lines must match exactly. Throws `patch.invalid`. */
export async function importPatch({ patch, directory, source, reverse }: ImportRequest): Promise<ImportedPatch> {
  const read = readPatch(patch);
  if (!Array.isArray(read))
    throw new LabError('patch.invalid', `that is no unified diff: ${read.kind}`, { hint: '`git diff` makes one' });
  const roots = [directory, source];
  const backward = reversePatch(read);
  const [there, back] = reverse ? [backward, read] : [read, backward];
  const { files, conflicts } = await patchedFiles({ files: there, roots });
  const paths = read.map(({ path }) => path);
  if (conflicts.length > 0) {
    const isDone = (await patchedFiles({ files: back, roots })).conflicts.length === 0;
    return isDone
      ? { outcome: 'already', files: paths, conflicts: [] }
      : { outcome: 'conflict', files: paths, conflicts };
  }
  for (const { path, after } of files) {
    const full = pathInTree(directory, path);
    await mkdir(dirname(full), { recursive: true });
    if (after === undefined) await rm(full, { force: true });
    else await writeFile(full, after, 'latin1');
  }
  return { outcome: 'applied', files: paths, conflicts: [] };
}
