// What one does to a machine that there is: stop it, restart its guest, forget it, save it and go back.

import { window } from 'vscode';
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
    choose: 'Machine to stop',
    title: (name) => `Stopping ${name}`,
    argv: (name) => ['lpl', 'vm', 'down', name],
    done: (name) => `${name} stopped`,
    fits: isAlive,
  };
  return act(session, spec, named, session.lab.vmDown);
}

/** Restarts the guest, whatever it is doing. */
export function resetMachine(session: Session, named?: string): Promise<string | undefined> {
  const spec: MachineAct = {
    choose: 'Machine to reset',
    title: (name) => `Resetting ${name}`,
    argv: (name) => ['lpl', 'vm', 'reset', name],
    done: (name) => `${name} was reset`,
    fits: isAlive,
  };
  return act(session, spec, named, session.lab.vmReset);
}

/** Ends and forgets it, after asking. */
export async function removeMachine(session: Session, named?: string): Promise<string | undefined> {
  const name = named ?? (await pickMachine(session, 'Machine to remove', () => true, 'ask'))?.name;
  if (!name) return undefined;
  const detail = 'Its disk, console log and snapshots are deleted.';
  const button = 'Remove';
  if ((await session.confirm(`Remove ${name}?`, detail, button)) !== button) return undefined;
  const spec: MachineAct = {
    choose: '',
    title: () => `Removing ${name}`,
    argv: () => ['lpl', 'vm', 'rm', name],
    done: () => `${name} removed`,
  };
  return act(session, spec, name, session.lab.vmRemove);
}

/** Saves it as it is; it goes on. */
export function snapshotMachine(session: Session, named?: string): Promise<string | undefined> {
  const spec: MachineAct = {
    choose: 'Machine to save',
    title: (name) => `Saving ${name}`,
    argv: (name) => ['lpl', 'vm', 'snapshot', name],
    done: (name) => `snapshot of ${name} saved`,
    fits: ({ state }) => state === 'running',
  };
  return act(session, spec, named, (vm, ctx) => session.lab.vmSnapshot({ vm }, ctx));
}

/** Brings it back to a snapshot: that with the label, or one that the user picks. */
export async function restoreMachine(
  session: Session,
  request: { machine?: string; label?: string },
): Promise<string | undefined> {
  const name = request.machine ?? (await pickMachine(session, 'Machine to restore', () => true, 'ask'))?.name;
  if (!name) return undefined;
  const label = request.label ?? (await pickSnapshot(session, name));
  if (!label) return undefined;
  const spec: MachineAct = {
    choose: '',
    title: () => `Restoring ${name} to ${label}`,
    argv: () => ['lpl', 'vm', 'restore', name, label],
    done: () => `${name} is back at ${label}`,
  };
  return act(session, spec, name, (vm, ctx) => session.lab.vmRestore({ vm, label }, ctx));
}

async function pickSnapshot({ lab }: Session, name: string): Promise<string | undefined> {
  const snapshots = await lab.vmSnapshots(name, question());
  if (snapshots.length === 0) void window.showInformationMessage(`${name} has no snapshot yet.`);
  const items = snapshots.toReversed().map(({ label, at }) => ({ label, description: new Date(at).toLocaleString() }));
  return items.length === 0
    ? undefined
    : (await window.showQuickPick(items, { placeHolder: `Snapshot of ${name} to go back to` }))?.label;
}
