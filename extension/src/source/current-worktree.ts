// The work tree that a command is about.

import { l10n, window } from 'vscode';
import type { Session } from '../session.ts';
import { findWorktree, listWorktrees, type Worktree } from './worktree.ts';

/** That of the named target; without a name that of the active editor, else the only one, else one that the user picks. */
export async function currentWorktree({ storage }: Session, named?: string): Promise<Worktree | undefined> {
  if (named !== undefined) return (await listWorktrees(storage)).find(({ target }) => target.name === named);
  const path = window.activeTextEditor?.document.uri.fsPath;
  const active = path === undefined ? undefined : await findWorktree(storage, path);
  if (active) return active;
  const all = await listWorktrees(storage);
  if (all.length <= 1) return all[0];
  const items = all.map((worktree) => ({
    label: worktree.target.name,
    description: worktree.target.release,
    worktree,
  }));
  return (await window.showQuickPick(items, { placeHolder: l10n.t('Target whose edited source to use') }))?.worktree;
}
