// Takes back what was changed: a whole file, a function, or the change around one line.

import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { l10n, Range, Uri, window, workspace, WorkspaceEdit } from 'vscode';
import type { Session } from '../session.ts';
import { changedFunctionAt } from './changed-function.ts';
import { type Change, changesOf } from './changes-of.ts';
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

/** With `functionName`: of all that was done to that function; without: of one change. */
export type TakeBack = { edit: WorkspaceEdit; functionName?: string };

/** The ways to take back what stands at the 0-based line; none when nothing there is changed. */
export async function takeBackAt(storage: string, uri: Uri, line: number): Promise<TakeBack[]> {
  const worktree = await findWorktree(storage, uri.fsPath);
  if (!worktree) return [];
  const after = (await workspace.openTextDocument(uri)).getText();
  const before = await readFile(join(worktree.target.pristine, relative(worktree.source, uri.fsPath)), 'utf8');
  const changes = changesOf(before, after);
  const around = changedFunctionAt(before, after, line);
  // What is said of a function on its first line is about a change below it.
  const near = around ? changes.filter(({ from, to }) => from < around.to && to >= around.from) : changes;
  const change = near.findLast(({ from }) => from <= line) ?? near[0];
  const isAll = near.length === 1 && around && change && change.from > around.from && change.to < around.to;
  return [
    ...(change ? [{ edit: replacement(uri, change) }] : []),
    ...(around && !isAll ? [{ edit: replacement(uri, around), functionName: around.name }] : []),
  ];
}

function replacement(uri: Uri, { from, to, before }: Change): WorkspaceEdit {
  const edit = new WorkspaceEdit();
  edit.replace(uri, new Range(from, 0, to, 0), before);
  return edit;
}
