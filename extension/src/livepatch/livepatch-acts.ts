// What one does to a livepatch of a machine: disable it, unload it, open the source of one of its functions.

import { join } from 'node:path';
import { l10n, Range, type TextEditor, Uri, window, workspace } from 'vscode';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { showSource } from '../source/show-source.ts';
import { checkOut, ensureWorktree } from '../source/worktree.ts';

export type LivepatchRequest = { machine: string; module: string };

/** Goes back to the old code; the module stays. */
export async function disableLivepatch(session: Session, { machine, module }: LivepatchRequest): Promise<void> {
  const act = {
    title: l10n.t('Disabling {0}', module),
    equivalent: [['lpl', 'klp', 'disable', machine, module]] as const,
  };
  const result = await runAct(session, act, (ctx) => session.lab.klpDisable({ vm: machine, module }, ctx));
  if (!result) return;
  if (result.outcome === 'complete')
    session.status.show('circle-slash', l10n.t('{0} disabled in {1}', module, machine));
  else
    void window.showErrorMessage(l10n.t('{0} could not be disabled: the transition was {1}.', module, result.outcome));
}

/** Disables it when need be, and removes the module. */
export async function unloadLivepatch(session: Session, { machine, module }: LivepatchRequest): Promise<void> {
  const act = {
    title: l10n.t('Unloading {0}', module),
    equivalent: [['lpl', 'klp', 'unload', machine, module]] as const,
  };
  const done = await runAct(session, act, async (ctx) => {
    await session.lab.klpUnload({ vm: machine, module }, ctx);
    return true;
  });
  if (done) session.status.show('circle-slash', l10n.t('{0} unloaded from {1}', module, machine));
}

/** Opens the working copy of the file that defines the function, at its definition. */
export async function openFunction(
  session: Session,
  { target, name }: { target: string; name: string },
): Promise<TextEditor | undefined> {
  const act = { title: l10n.t('Looking for {0}()', name), equivalent: [] };
  const found = await runAct(session, act, async (ctx) => {
    const { name: full, release, source: pristine } = await session.lab.prepareTarget(target, ctx);
    const place = await session.lab.findFunction({ target: full, name }, ctx);
    return { place, worktree: { name: full, release, pristine } };
  });
  if (!found) return undefined;
  const { place, worktree } = found;
  if (!place) {
    void window.showInformationMessage(l10n.t('{0}() was not found in the source of {1}.', name, target));
    return undefined;
  }
  const path = await checkOut(await ensureWorktree(session.storage, worktree), place.file);
  const line = await lineInCopy(path, join(worktree.pristine, place.file), place.line);
  return showSource(Uri.file(path), new Range(line - 1, 0, line - 1, 0));
}

/** The same line in the working copy, which may have been edited above it. */
async function lineInCopy(copy: string, pristine: string, line: number): Promise<number> {
  const [edited, original] = await Promise.all([copy, pristine].map((path) => workspace.openTextDocument(path)));
  const text = original?.lineAt(line - 1).text ?? '';
  const lines = edited?.getText().split('\n') ?? [];
  const near = lines.map((each, index) => ({ each, at: index + 1 })).filter(({ each }) => each === text);
  near.sort((a, b) => Math.abs(a.at - line) - Math.abs(b.at - line));
  return near[0]?.at ?? Math.min(line, Math.max(1, lines.length));
}
