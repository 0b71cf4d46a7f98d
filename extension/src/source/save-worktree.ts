// Writes what is being edited in a working copy to disk, without its being hot patched for that.

import { workspace } from 'vscode';
import type { Session } from '../session.ts';
import type { Worktree } from './worktree.ts';

/** Saves every document of the work tree that has unsaved changes. */
export async function saveWorktree({ hotPatch }: Session, { source }: Worktree): Promise<void> {
  const documents = workspace.textDocuments.filter(({ isDirty, fileName }) => isDirty && fileName.startsWith(source));
  await hotPatch.without(() => Promise.all(documents.map((document) => document.save())));
}
