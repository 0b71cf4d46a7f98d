// The patch that a command is about: a file, or a commit of a git repository.

import type { Uri } from 'vscode';
import { l10n, window, workspace } from 'vscode';
import type { PatchOrigin } from 'livepatch-lab';

export type PatchRequest = { file?: string; commit?: string; repository?: string };

const isPatch = (path: string) => /\.(patch|diff)$/.test(path);

/** What the request names, else the patch in the active editor, else what the user picks. */
export async function pickPatch({ file, commit, repository }: PatchRequest): Promise<PatchOrigin | undefined> {
  if (commit && repository) return { commit, repository };
  if (file && isPatch(file)) return { file };
  const active = window.activeTextEditor?.document.uri;
  if (active?.scheme === 'file' && isPatch(active.fsPath)) return { file: active.fsPath };
  return pickOrigin();
}

/** The words of it for `lpl`. */
export const originWords = (origin: PatchOrigin): string[] =>
  'file' in origin ? [origin.file] : ['--commit', origin.commit, '--repository', origin.repository];

async function pickOrigin(): Promise<PatchOrigin | undefined> {
  const fromFile = { label: `$(file) ${l10n.t('Patch file...')}`, ask: askFile };
  const fromGit = { label: `$(git-commit) ${l10n.t('Git commit...')}`, ask: askCommit };
  const picked = await window.showQuickPick([fromFile, fromGit], { placeHolder: l10n.t('Where the patch comes from') });
  return picked?.ask();
}

async function askFile(): Promise<PatchOrigin | undefined> {
  const title = l10n.t('Patch');
  const [chosen] = (await window.showOpenDialog({ title, filters: { Patch: ['patch', 'diff'] } })) ?? [];
  return chosen && { file: chosen.fsPath };
}

async function askCommit(): Promise<PatchOrigin | undefined> {
  const repository = await askRepository();
  if (!repository) return undefined;
  const prompt = l10n.t('A commit of {0}: a hash, a tag, HEAD~2', repository);
  const commit = await window.showInputBox({ title: l10n.t('Git commit'), prompt, value: 'HEAD' });
  return commit ? { commit, repository } : undefined;
}

async function askRepository(): Promise<string | undefined> {
  const folders = workspace.workspaceFolders ?? [];
  const another = { label: l10n.t('Another repository...'), description: '', uri: undefined as Uri | undefined };
  const items = folders.map(({ name, uri }) => ({ label: name, description: uri.fsPath, uri }));
  const picked = await window.showQuickPick([...items, another], { placeHolder: l10n.t('Git repository') });
  if (!picked || picked.uri) return picked?.uri?.fsPath;
  const [folder] = (await window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false })) ?? [];
  return folder?.fsPath;
}
