// Takes back what was changed: a whole file, or the change around one line.

import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { l10n, Range, Uri, window, workspace, WorkspaceEdit } from 'vscode';
import type { Session } from '../session.ts';
import { changesOf } from './changes-of.ts';
import { findWorktree } from './worktree.ts';

/** Makes the working copy as it was, after asking; the file stays open and can be undone. */
export async function discardChanges(
  session: Session,
  path = window.activeTextEditor?.document.uri.fsPath,
): Promise<void> {
  const worktree = path === undefined ? undefined : await findWorktree(session.storage, path);
  if (!worktree || path === undefined) return;
  const file = relative(worktree.source, path);
  const button = l10n.t('Discard');
  if (
    (await session.confirm(
      l10n.t('Discard the changes to {0}?', file),
      l10n.t('It becomes as the target kernel has it.'),
      button,
    )) !== button
  )
    return;
  const document = await workspace.openTextDocument(Uri.file(path));
  const edit = new WorkspaceEdit();
  const everything = new Range(0, 0, document.lineCount, 0);
  edit.replace(document.uri, everything, await readFile(join(worktree.target.pristine, file), 'utf8'));
  await workspace.applyEdit(edit);
  await document.save();
}

/** The edit that takes back the change at (or nearest above) the 0-based line; undefined when nothing there is changed. */
export async function undoChangeAt(storage: string, uri: Uri, line: number): Promise<WorkspaceEdit | undefined> {
  const worktree = await findWorktree(storage, uri.fsPath);
  if (!worktree) return undefined;
  const document = await workspace.openTextDocument(uri);
  const pristine = await readFile(join(worktree.target.pristine, relative(worktree.source, uri.fsPath)), 'utf8');
  const changes = changesOf(pristine, document.getText());
  const change = changes.findLast(({ from }) => from <= line) ?? changes[0];
  if (!change) return undefined;
  const edit = new WorkspaceEdit();
  edit.replace(uri, new Range(change.from, 0, change.to, 0), change.before);
  return edit;
}
