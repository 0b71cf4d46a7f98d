// The command that puts the edited source into a running machine, once, when it is asked to.

import { l10n, window } from 'vscode';
import type { MachineStatus } from 'livepatch-lab';
import { pickMachine } from '../machines/pick-machine.ts';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { currentWorktree } from '../source/current-worktree.ts';
import { saveWorktree } from '../source/save-worktree.ts';
import type { Worktree } from '../source/worktree.ts';
import { writeWorktreePatch } from '../source/worktree-patch.ts';
import { type AppliedEdit, applyEdit, type Edit, equivalentLines } from './apply-edit.ts';
import { showEdit, whyNotLive } from './tell-edit.ts';

/** What was done; undefined when there was nothing to do, or we could not find out. */
export async function buildAndLoad(
  session: Session,
  request: { machine?: string } = {},
): Promise<AppliedEdit | undefined> {
  const worktree = await currentWorktree(session);
  if (!worktree) return say('No working copy of kernel source. Open one with "Livepatch: Open source of target...".');
  if (!(await saveWorktree(session, worktree))) return undefined;
  const patch = await writeWorktreePatch(worktree);
  const machine = await machineFor(session, worktree, request.machine);
  if (!machine) return noMachine(worktree, request.machine);
  const edit: Edit = { worktree, patch, machine };
  const act = { title: l10n.t('Livepatching {0}', machine.name), equivalent: equivalentLines(edit) };
  const started = performance.now();
  const result = await runAct(session, act, (ctx) => applyEdit(session, edit, ctx));
  if (!result) return undefined;
  if (result.removed?.length === 0) return say(`Nothing differs from the source of ${worktree.target.name}.`);
  showEdit(session.status, machine, result, performance.now() - started);
  if (!result.live && !result.removed) void window.showErrorMessage(whyNotLive(machine, result));
  return result;
}

/** The selected machine when it runs that kernel, else the only one that does, else one that the user picks. */
export async function machineFor(
  session: Session,
  { target }: Worktree,
  name?: string,
): Promise<MachineStatus | undefined> {
  const fits = ({ state, release, name: own }: MachineStatus) =>
    state === 'running' && release === target.release && (name === undefined || own === name);
  return pickMachine(session, l10n.t('Machine to livepatch'), fits);
}

function noMachine({ target }: Worktree, name: string | undefined): undefined {
  const { release } = target;
  return say(
    name
      ? l10n.t('No running machine called {0} with kernel {1}: start one in the Machines view.', name, release)
      : l10n.t('No running machine with kernel {0}: start one in the Machines view.', release),
  );
}

function say(text: string): undefined {
  void window.showInformationMessage(text);
  return undefined;
}
