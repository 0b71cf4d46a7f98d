// Brings a patch into the working copy of a kernel's source, or takes it out: all of it, or nothing with the conflicts on the
// lines of the patch.

import { l10n, Range, Uri, window } from 'vscode';
import type { ImportedPatch, PatchOrigin } from 'livepatch-lab';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { currentWorktree } from '../source/current-worktree.ts';
import { preparedWorktree } from '../source/prepared-worktree.ts';
import { saveWorktree } from '../source/save-worktree.ts';
import { showAllChanges } from '../source/show-changes.ts';
import type { Worktree } from '../source/worktree.ts';
import type { PatchRemarks } from './patch-remarks.ts';
import { originWords, type PatchRequest, pickPatch } from './pick-patch.ts';

export type ImportPatchRequest = PatchRequest & { target?: string };

/** What came of it; undefined when the user gave up or we could not find out. */
export async function importPatch(
  session: Session,
  remarks: PatchRemarks,
  request: ImportPatchRequest,
  way: 'in' | 'out',
): Promise<ImportedPatch | undefined> {
  const origin = await pickPatch(request);
  if (!origin) return undefined;
  const worktree =
    (await currentWorktree(session, request.target)) ?? (await preparedWorktree(session, request.target));
  if (!worktree) return undefined;
  await saveWorktree(session, worktree);
  const { source: directory, target } = worktree;
  const reverse = way === 'out';
  const words = [...originWords(origin), '--into', directory, '--target', target.name];
  const act = {
    title: reverse ? l10n.t('Taking the patch out') : l10n.t('Bringing the patch in'),
    equivalent: [['lpl', 'patch', 'import', ...words, ...(reverse ? ['--reverse'] : [])]] as const,
  };
  const command = { origin, directory, target: target.name, reverse };
  const imported = await runAct(session, act, (ctx) => session.lab.patchImport(command, ctx));
  if (!imported) return undefined;
  if ('file' in origin) await remarks.showConflicts(origin.file, imported.conflicts);
  if (imported.outcome === 'conflict') await tellConflicts(origin, imported);
  else void tellDone(worktree, imported, way);
  return imported;
}

async function tellConflicts(origin: PatchOrigin, { conflicts }: ImportedPatch): Promise<void> {
  const places = conflicts.map(({ file, line }) => `${file}:${line}`).join(', ');
  void window.showErrorMessage(l10n.t('The patch does not fit, and nothing was changed: {0}', places));
  const line = (conflicts[0]?.patchLine ?? 1) - 1;
  if ('file' in origin)
    await window.showTextDocument(Uri.file(origin.file), { selection: new Range(line, 0, line, 0) });
}

async function tellDone(worktree: Worktree, { outcome, files }: ImportedPatch, way: 'in' | 'out'): Promise<void> {
  const { release } = worktree.target;
  const text =
    outcome === 'already'
      ? way === 'in'
        ? l10n.t('The patch is in the source of {0} already.', release)
        : l10n.t('The patch is not in the source of {0}.', release)
      : way === 'in'
        ? l10n.t('The patch is in the source of {0}: {1}', release, files.join(', '))
        : l10n.t('The patch is out of the source of {0}: {1}', release, files.join(', '));
  const button = l10n.t('Show changes');
  if ((await window.showInformationMessage(text, button)) === button) await showAllChanges(worktree);
}
