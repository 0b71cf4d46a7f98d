// Hot patch on save: each save of a working copy puts what it says into the running kernel. Only the newest state is ever
// built; a build that a newer save overtakes is cancelled, a transition that runs is let finish.

import { l10n, window, workspace } from 'vscode';
import { newestOnly } from '../operations/newest-only.ts';
import { runAct } from '../operations/run-act.ts';
import type { HotPatch, Session } from '../session.ts';
import { changeSetting, setting } from '../settings.ts';
import { findWorktree, type Worktree } from '../source/worktree.ts';
import { writeWorktreePatch } from '../source/worktree-patch.ts';
import { applyEdit, type Edit, equivalentLines } from './apply-edit.ts';
import { machineFor } from './build-and-load.ts';
import { showEdit } from './tell-edit.ts';

type Save = { worktree: Worktree; at: number };

/** Listens for saves; does something only while the setting is on. `getSession`: once the window is set up. */
export function createHotPatch(getSession: () => Session): HotPatch {
  const queues = new Map<string, (save: Save) => Promise<void>>();
  const running = new Set<Promise<void>>();
  let cancel = new AbortController();
  let paused = 0;

  const patch = async ({ worktree, at }: Save, superseded: AbortSignal) => {
    const session = getSession();
    const edit = await prepare(session, worktree, superseded);
    if (!edit || superseded.aborted) return;
    const act = {
      title: l10n.t('Hot patching {0}', edit.machine.name),
      equivalent: equivalentLines(edit),
      signal: cancel.signal,
    };
    const before = session.status.text;
    session.status.busy(
      edit.patch.text === ''
        ? l10n.t('livepatch: restoring {0}', edit.machine.name)
        : l10n.t('livepatch: patching {0}', edit.machine.name),
    );
    const applied = await runAct(session, act, (ctx) => applyEdit(session, edit, ctx));
    if (applied) {
      showEdit(session.status, edit.machine, applied, performance.now() - at);
    } else if (cancel.signal.aborted) session.status.show('circle-slash', l10n.t('livepatch: cancelled'));
    else if (superseded.aborted) session.status.busy(before);
  };
  const onSave = async (path: string) => {
    const { storage } = getSession();
    const at = performance.now();
    const worktree = await findWorktree(storage, path);
    if (!worktree) return;
    if (cancel.signal.aborted) cancel = new AbortController();
    const queue = queues.get(worktree.directory) ?? newestOnly(patch);
    queues.set(worktree.directory, queue);
    await queue({ worktree, at });
  };
  const listener = workspace.onDidSaveTextDocument(({ uri }) => {
    if (paused > 0 || !setting('hotPatchOnSave') || !workspace.isTrusted) return;
    const done = onSave(uri.fsPath);
    running.add(done);
    void done.finally(() => running.delete(done));
  });
  return {
    without: async (body) => {
      paused += 1;
      try {
        return await body();
      } finally {
        paused -= 1;
      }
    },
    cancel: () => cancel.abort(),
    idle: async () => void (await Promise.all(running)),
    dispose: () => {
      listener.dispose();
      cancel.abort();
    },
  };
}

/** Undefined when no machine runs that kernel, which the user is told; or when a newer save came. */
async function prepare(session: Session, worktree: Worktree, superseded: AbortSignal): Promise<Edit | undefined> {
  const [patch, machine] = await Promise.all([writeWorktreePatch(worktree), machineFor(session, worktree)]);
  if (machine) return { worktree, patch, machine, superseded };
  if (!superseded.aborted) session.status.warn(l10n.t('livepatch: no machine runs {0}', worktree.target.release));
  return undefined;
}

/** Turns it on or off, and says so. */
export async function toggleHotPatch({ status }: Session): Promise<void> {
  const on = !setting('hotPatchOnSave');
  await changeSetting('hotPatchOnSave', on);
  const said = on ? l10n.t('livepatch: hot patch on save is on') : l10n.t('livepatch: hot patch on save is off');
  status.show(on ? 'flame' : 'circle-slash', said);
  if (on)
    void window.showInformationMessage(
      l10n.t('Hot patch on save is on: saving kernel source changes the running kernel.'),
    );
}
