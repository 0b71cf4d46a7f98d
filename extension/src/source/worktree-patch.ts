// The patch of a work tree: the unified diff between the pristine source and the edited files.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatch, structuredPatch } from 'diff';
import { checkedOutFiles, type Worktree } from './worktree.ts';

export type WorktreePatch = {
  /** Unified diff with a/ and b/ prefixes; empty when nothing was changed. */
  text: string;
  /** `edit-` and a hash of the text: every state of the source has a name of its own, as every loaded module needs one. */
  name: string;
  /** Changed files, as paths in the kernel tree, with the first changed line of each (1-based, in the edited file). */
  files: { path: string; line: number }[];
  /** Where the patch was written, for people and for `lpl build`. */
  path: string;
};

/** Computes the patch and writes it next to the work tree. */
export async function writeWorktreePatch(worktree: Worktree): Promise<WorktreePatch> {
  const path = join(worktree.directory, 'edited.patch');
  const changed = (await readChanges(worktree)).map(({ file, before, after }) =>
    structuredPatch(`a/${file}`, `b/${file}`, before, after, undefined, undefined, { context: 3 }),
  );
  const text = changed.map((file) => formatPatch(file, FILE_HEADERS_ONLY)).join('');
  await writeFile(path, text);
  const name = `edit-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  return { text, name, files: changed.map(firstChange), path };
}

/** The patch of one file as it is being edited: `path` of its working copy, and its text now; '' when nothing differs. */
export async function patchOf({ source, target }: Worktree, path: string, text: string): Promise<string> {
  const file = relative(source, path);
  const before = await readFile(join(target.pristine, file), 'utf8');
  if (before === text) return '';
  const changed = structuredPatch(`a/${file}`, `b/${file}`, before, text, undefined, undefined, { context: 3 });
  return formatPatch(changed, FILE_HEADERS_ONLY);
}

/** Files that differ from the pristine source, as paths in the kernel tree. */
export async function changedFiles(worktree: Worktree): Promise<string[]> {
  return (await readChanges(worktree)).map(({ file }) => file);
}

async function readChanges({ target, source, ...rest }: Worktree) {
  const files = await checkedOutFiles({ target, source, ...rest });
  const texts = files.map(async (file) => {
    const [before = '', after = ''] = await Promise.all(
      [target.pristine, source].map((root) => readFile(join(root, file), 'utf8')),
    );
    return { file, before, after };
  });
  return (await Promise.all(texts)).filter(({ before, after }) => before !== after);
}

function firstChange({ newFileName = '', hunks }: StructuredPatch): { path: string; line: number } {
  const [hunk] = hunks;
  const before = hunk?.lines.findIndex((line) => !line.startsWith(' ')) ?? 0;
  return { path: newFileName.replace(/^b\//, ''), line: (hunk?.newStart ?? 1) + before };
}

/** Whether a module name is that of an edit's livepatch. */
export function isEdit(moduleName: string): boolean {
  return /(^|_)edit_[0-9a-f]{8}$/.test(moduleName);
}
