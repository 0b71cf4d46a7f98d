// Opens a file of a target's source for editing: prepares the target, lets the user find the file, takes a copy out.

import { relative } from 'node:path';
import { l10n, type QuickPickItem, Range, RelativePattern, type TextEditor, Uri, window, workspace } from 'vscode';
import type { Session } from '../session.ts';
import { preparedWorktree } from './prepared-worktree.ts';
import { showSource } from './show-source.ts';
import { checkOut, type WorktreeTarget } from './worktree.ts';

/** `target`: name of the target; `file`: path in the kernel tree. Both are asked for when missing. `line`: 1-based. */
export type OpenSourceRequest = { target?: string; file?: string; line?: number };

const searchLimit = 200;

/** Opens the working copy and returns its editor; undefined when the user gave up or the target could not be prepared. */
export async function openSource(session: Session, request: OpenSourceRequest = {}): Promise<TextEditor | undefined> {
  const worktree = await preparedWorktree(session, request.target);
  if (!worktree) return undefined;
  const file = request.file ?? (await pickFile(worktree.target));
  if (!file) return undefined;
  const path = await checkOut(worktree, file);
  const at = request.line === undefined ? undefined : new Range(request.line - 1, 0, request.line - 1, 0);
  return showSource(Uri.file(path), at);
}

/** A kernel tree has 90,000 files: search as the user types rather than list. */
function pickFile({ pristine, name }: WorktreeTarget): Promise<string | undefined> {
  const picker = window.createQuickPick<QuickPickItem & { file: string }>();
  picker.title = l10n.t('Source of {0}', name);
  picker.placeholder = l10n.t('Part of a path, for example fs/binfmt_misc');
  let asked = 0;
  picker.onDidChangeValue(async (value) => {
    const ask = ++asked;
    picker.busy = true;
    const words = value.trim().replace(/[^\w./-]+/g, '*');
    const names = /\.[chS]$/.test(words) ? `**/*${words}` : `**/*${words}*.{c,h}`;
    const pattern = new RelativePattern(Uri.file(pristine), words.includes('/') ? `${words}*` : names);
    const found = words.length < 2 ? [] : await workspace.findFiles(pattern, null, searchLimit);
    if (ask !== asked) return;
    picker.busy = false;
    picker.items = found
      .map((uri) => relative(pristine, uri.fsPath))
      .sort((a, b) => a.length - b.length)
      .map((file) => ({
        label: file.split('/').at(-1) ?? file,
        description: file,
        file,
        alwaysShow: true,
        detail: '',
      }));
  });
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]?.file);
      picker.dispose();
    });
    picker.onDidHide(() => {
      resolve(undefined);
      picker.dispose();
    });
    picker.show();
  });
}
