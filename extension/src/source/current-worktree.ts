// The work tree that a command is about.

import { window } from 'vscode';
import type { Session } from '../session.ts';
import { findWorktree, listWorktrees, type Worktree } from './worktree.ts';

/** That of the active editor, else the only one, else one that the user picks. */
export async function currentWorktree({ storage }: Session): Promise<Worktree | undefined> {
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
  return (await window.showQuickPick(items, { placeHolder: 'Target whose edited source to use' }))?.worktree;
}
