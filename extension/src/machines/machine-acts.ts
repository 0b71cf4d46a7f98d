// What one does to a machine that there is: stop it, restart its guest, forget it, save it and go back.

import { l10n, window } from 'vscode';
import type { Argv, MachineStatus, OpContext } from 'livepatch-lab';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { question } from '../tree/question.ts';
import { pickMachine } from './pick-machine.ts';

type MachineAct = {
  /** For the list to choose from, when the caller names no machine. */
  choose: string;
  title: (name: string) => string;
  argv: (name: string) => Argv;
  /** Said in the status bar. */
  done: (name: string) => string;
  fits?: (machine: MachineStatus) => boolean;
};

/** Runs the act on the named machine, or one that the user picks. Returns the machine's name when it was done. */
async function act(
  session: Session,
  { choose, title, argv, done, fits = () => true }: MachineAct,
  named: string | undefined,
  body: (name: string, ctx: OpContext) => Promise<unknown>,
): Promise<string | undefined> {
  const name = named ?? (await pickMachine(session, choose, fits, 'ask'))?.name;
  if (!name) return undefined;
  const isDone = await runAct(session, { title: title(name), equivalent: [argv(name)] }, async (ctx) => {
    await body(name, ctx);
    return true;
  });
  if (!isDone) return undefined;
  session.status.show('vm-outline', done(name));
  return name;
}

const isAlive = ({ state }: MachineStatus) => state !== 'stopped';

/** Ends it; what it wrote on its disk stays. */
export function stopMachine(session: Session, named?: string): Promise<string | undefined> {
  const spec: MachineAct = {
    choose: l10n.t('Machine to stop'),
    title: (name) => l10n.t('Stopping {0}', name),
    argv: (name) => ['lpl', 'vm', 'down', name],
    done: (name) => l10n.t('{0} stopped', name),
    fits: isAlive,
  };
  return act(session, spec, named, session.lab.vmDown);
}

/** Restarts the guest, whatever it is doing. */
export function resetMachine(session: Session, named?: string): Promise<string | undefined> {
  const spec: MachineAct = {
    choose: l10n.t('Machine to reset'),
    title: (name) => l10n.t('Resetting {0}', name),
    argv: (name) => ['lpl', 'vm', 'reset', name],
    done: (name) => l10n.t('{0} was reset', name),
    fits: isAlive,
  };
  return act(session, spec, named, session.lab.vmReset);
}

/** Ends and forgets it, after asking. */
export async function removeMachine(session: Session, named?: string): Promise<string | undefined> {
  const name = named ?? (await pickMachine(session, l10n.t('Machine to remove'), () => true, 'ask'))?.name;
  if (!name) return undefined;
  const detail = l10n.t('Its disk, console log and snapshots are deleted.');
  const button = l10n.t('Remove');
  if ((await session.confirm(l10n.t('Remove {0}?', name), detail, button)) !== button) return undefined;
  const spec: MachineAct = {
    choose: '',
    title: () => l10n.t('Removing {0}', name),
    argv: () => ['lpl', 'vm', 'rm', name],
    done: () => l10n.t('{0} removed', name),
  };
  return act(session, spec, name, session.lab.vmRemove);
}

/** Saves it as it is; it goes on. */
export function snapshotMachine(session: Session, named?: string): Promise<string | undefined> {
  const spec: MachineAct = {
    choose: l10n.t('Machine to save'),
    title: (name) => l10n.t('Saving {0}', name),
    argv: (name) => ['lpl', 'vm', 'snapshot', name],
    done: (name) => l10n.t('snapshot of {0} saved', name),
    fits: ({ state }) => state === 'running',
  };
  return act(session, spec, named, (vm, ctx) => session.lab.vmSnapshot({ vm }, ctx));
}

/** Brings it back to a snapshot: that with the label, or one that the user picks. */
export async function restoreMachine(
  session: Session,
  request: { machine?: string; label?: string },
): Promise<string | undefined> {
  const name = request.machine ?? (await pickMachine(session, l10n.t('Machine to restore'), () => true, 'ask'))?.name;
  if (!name) return undefined;
  const label = request.label ?? (await pickSnapshot(session, name));
  if (!label) return undefined;
  const spec: MachineAct = {
    choose: '',
    title: () => l10n.t('Restoring {0} to {1}', name, label),
    argv: () => ['lpl', 'vm', 'restore', name, label],
    done: () => l10n.t('{0} is back at {1}', name, label),
  };
  return act(session, spec, name, (vm, ctx) => session.lab.vmRestore({ vm, label }, ctx));
}

async function pickSnapshot({ lab }: Session, name: string): Promise<string | undefined> {
  const snapshots = await lab.vmSnapshots(name, question());
  if (snapshots.length === 0) void window.showInformationMessage(l10n.t('{0} has no snapshot yet.', name));
  const items = snapshots.toReversed().map(({ label, at }) => ({ label, description: new Date(at).toLocaleString() }));
  return items.length === 0
    ? undefined
    : (await window.showQuickPick(items, { placeHolder: l10n.t('Snapshot of {0} to go back to', name) }))?.label;
}
