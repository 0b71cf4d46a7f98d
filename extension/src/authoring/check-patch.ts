// Asks the target's checkpatch what it says of a patch file and its commit message.

import { readFile } from 'node:fs/promises';
import { l10n, window } from 'vscode';
import type { PatchFinding } from 'livepatch-lab';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';
import { currentWorktree } from '../source/current-worktree.ts';
import type { PatchRemarks } from './patch-remarks.ts';
import { pickPatch } from './pick-patch.ts';

/** Its findings, which are on the lines of the patch then. */
export async function checkPatch(
  session: Session,
  remarks: PatchRemarks,
  request: { file?: string; target?: string },
): Promise<PatchFinding[] | undefined> {
  const origin = await pickPatch(request);
  if (!origin || !('file' in origin)) return undefined;
  const target = request.target ?? (await currentWorktree(session))?.target.name ?? setting('target');
  const words = [origin.file, '--target', target];
  const act = { title: l10n.t('Checking the patch'), equivalent: [['lpl', 'patch', 'check', ...words]] as const };
  const findings = await runAct(session, act, async (ctx) =>
    session.lab.patchCheck({ patch: await readFile(origin.file, 'utf8'), target }, ctx),
  );
  if (!findings) return undefined;
  await remarks.showFindings(origin.file, findings, target);
  if (findings.length === 0) void window.showInformationMessage(l10n.t('checkpatch has nothing to say.'));
  return findings;
}
