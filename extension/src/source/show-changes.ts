// Shows what was changed in a working copy: VS Code's own diff editors against the pristine source.

import { join, relative } from 'node:path';
import { commands, l10n, Uri, window } from 'vscode';
import type { Session } from '../session.ts';
import { findWorktree, type Worktree } from './worktree.ts';
import { changedFiles } from './worktree-patch.ts';

/** For the given file, or the one in the active editor. */
export async function showChanges({ storage }: Session, uri = window.activeTextEditor?.document.uri): Promise<void> {
  const worktree = uri && (await findWorktree(storage, uri.fsPath));
  if (!worktree) {
    void window.showInformationMessage(
      l10n.t('This is not a working copy of kernel source. Open one with "Livepatch: Open source of target...".'),
    );
    return;
  }
  const file = relative(worktree.source, uri.fsPath);
  const pristine = Uri.file(join(worktree.target.pristine, file));
  await commands.executeCommand(
    'vscode.diff',
    pristine,
    uri,
    l10n.t('{0} ({1} ↔ edited)', file, worktree.target.release),
  );
}

/** For every file that differs, in one tab. */
export async function showAllChanges(worktree: Worktree): Promise<void> {
  const { source, target } = worktree;
  const sides = (await changedFiles(worktree)).map((file) => {
    const edited = Uri.file(join(source, file));
    return [edited, Uri.file(join(target.pristine, file)), edited];
  });
  await commands.executeCommand('vscode.changes', l10n.t('{0} ↔ edited', target.release), sides);
}
