// Makes a patch to send of what was edited: headers, sign-off and diff, opened so that its message can be written, with
// what the target's checkpatch says of it on its lines.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { l10n, type TextEditor, Uri, window, workspace } from 'vscode';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { currentWorktree } from '../source/current-worktree.ts';
import { saveWorktree } from '../source/save-worktree.ts';
import { changedFiles } from '../source/worktree-patch.ts';
import type { PatchRemarks } from './patch-remarks.ts';

/** `file`: where the patch goes; `name`: its subject. Both are asked for when missing. */
export type CreatePatchRequest = { target?: string; file?: string; name?: string };

/** `git log` and mail readers cut longer ones off (Documentation/process/submitting-patches.rst). */
const longestSubject = 75;

/** The editor of the patch; undefined when the user gave up or nothing differs. */
export async function createPatch(
  session: Session,
  remarks: PatchRemarks,
  request: CreatePatchRequest,
): Promise<TextEditor | undefined> {
  const worktree = await currentWorktree(session, request.target);
  if (!worktree) return say(l10n.t('No working copy of kernel source.'));
  if (!(await saveWorktree(session, worktree))) return undefined;
  const { target, source: directory } = worktree;
  const files = await changedFiles(worktree);
  if (files.length === 0) return say(l10n.t('Nothing differs from the source of {0}.', target.name));
  const subject = request.name ?? (await askSubject(files));
  const path = subject && (request.file ?? (await askPath(subject)));
  if (!subject || !path) return undefined;
  const words = ['--worktree', directory, '--target', target.name, '--subject', subject, '--out', path];
  const act = { title: l10n.t('Creating a patch'), equivalent: [['lpl', 'patch', 'create', ...words]] as const };
  const command = { directory, target: target.name, subject, body: '', signOff: true };
  const created = await runAct(session, act, async (ctx) => {
    const made = await session.lab.patchCreate(command, ctx);
    await writeFile(path, made.patch);
    return made;
  });
  if (!created) return undefined;
  await remarks.showFindings(path, created.findings, target.name);
  return window.showTextDocument(Uri.file(path));
}

/** Subjects begin with where the change is, as those of the kernel's own history do. */
function askSubject(files: readonly string[]): Thenable<string | undefined> {
  const [first = ''] = files;
  const place = first.split('/').slice(0, -1).join('/');
  const value = files.every((file) => file.startsWith(`${place}/`)) ? `${place}: ` : '';
  return window.showInputBox({
    title: l10n.t('Create a patch: subject'),
    prompt: l10n.t('First line of the commit message; the rest is written in the patch that opens'),
    value,
    valueSelection: [value.length, value.length],
    validateInput: (text) =>
      text.trim() === '' || text === value
        ? l10n.t('what the change does, in one line')
        : text.length > longestSubject
          ? l10n.t('at most {0} characters', longestSubject)
          : undefined,
  });
}

async function askPath(subject: string): Promise<string | undefined> {
  const slug = subject
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 50);
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
  const defaultUri = folder ? { defaultUri: Uri.file(join(folder, `0001-${slug}.patch`)) } : {};
  const title = l10n.t('Where to put the patch');
  return (await window.showSaveDialog({ ...defaultUri, title, filters: { Patch: ['patch'] } }))?.fsPath;
}

function say(text: string): undefined {
  void window.showInformationMessage(text);
  return undefined;
}
