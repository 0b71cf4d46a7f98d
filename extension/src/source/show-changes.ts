// Shows what was changed in a working copy: VS Code's own diff editor against the pristine source.

import { join, relative } from 'node:path';
import { commands, Uri, window } from 'vscode';
import type { Session } from '../session.ts';
import { findWorktree } from './worktree.ts';

/** For the given file, or the one in the active editor. */
export async function showChanges({ storage }: Session, uri = window.activeTextEditor?.document.uri): Promise<void> {
  const worktree = uri && (await findWorktree(storage, uri.fsPath));
  if (!worktree) {
    void window.showInformationMessage(
      'This is not a working copy of kernel source. Open one with "Livepatch: Open source of target...".',
    );
    return;
  }
  const file = relative(worktree.source, uri.fsPath);
  const pristine = Uri.file(join(worktree.target.pristine, file));
  await commands.executeCommand('vscode.diff', pristine, uri, `${file} (${worktree.target.release} ↔ edited)`);
}
