// Writes what is being edited in a working copy to disk, without its being hot patched for that.

import { relative } from 'node:path';
import { l10n, window, workspace } from 'vscode';
import type { Session } from '../session.ts';
import type { Worktree } from './worktree.ts';

/** Saves every document of the work tree that has unsaved changes; false when one could not be: the user has been told. */
export async function saveWorktree({ hotPatch }: Session, { source }: Worktree): Promise<boolean> {
  const documents = workspace.textDocuments.filter(({ isDirty, fileName }) => isDirty && fileName.startsWith(source));
  const saved = await hotPatch.without(() => Promise.all(documents.map((document) => document.save())));
  const unsaved = documents.find((_, index) => !saved[index]);
  if (!unsaved) return true;
  const file = relative(source, unsaved.fileName);
  void window.showErrorMessage(l10n.t('{0} could not be saved, so nothing was done. Save it, then try again.', file));
  return false;
}
