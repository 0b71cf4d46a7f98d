// The patch of a work tree: the unified diff between the pristine source and the edited files.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { checkedOutFiles, type Worktree } from './worktree.ts';

export type WorktreePatch = {
  /** Unified diff with a/ and b/ prefixes; empty when nothing was changed. */
  text: string;
  /** `edit-` and a hash of the text: every state of the source has a name of its own, as every loaded module needs one. */
  name: string;
  /** Changed files, as paths in the kernel tree. */
  files: string[];
  /** Where the patch was written, for people and for `lpl build`. */
  path: string;
};

/** Computes the patch and writes it next to the work tree. */
export async function writeWorktreePatch(worktree: Worktree): Promise<WorktreePatch> {
  const path = join(worktree.directory, 'edited.patch');
  const parts: { file: string; text: string }[] = [];
  for (const file of await checkedOutFiles(worktree)) {
    const [before, after] = await Promise.all(
      [worktree.target.pristine, worktree.source].map((root) => readFile(join(root, file), 'utf8')),
    );
    if (before === undefined || after === undefined || before === after) continue;
    const headers = { context: 3, headerOptions: FILE_HEADERS_ONLY };
    parts.push({
      file,
      text: createTwoFilesPatch(`a/${file}`, `b/${file}`, before, after, undefined, undefined, headers),
    });
  }
  const text = parts.map((part) => part.text).join('');
  await writeFile(path, text);
  const name = `edit-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  return { text, name, files: parts.map(({ file }) => file), path };
}

/** Whether a module name is that of an edit's livepatch. */
export function isEdit(moduleName: string): boolean {
  return /(^|_)edit_[0-9a-f]{8}$/.test(moduleName);
}
