// Starts a machine on a target kernel that the user picks, or that the caller names.

import { l10n, type QuickPickItem, window } from 'vscode';
import type { MachineStatus } from 'livepatch-lab';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';
import { question } from '../tree/question.ts';

/** `machine`: one that was stopped; `name` and `target`: a new one. */
export type StartMachineRequest = { machine?: string; name?: string; target?: string };

/** Boots the machine and returns its status; undefined when the user gave up or it failed. */
export async function startMachine(
  session: Session,
  request: StartMachineRequest = {},
): Promise<MachineStatus | undefined> {
  // One that was stopped starts again as it was.
  const target = request.target ?? (request.machine ? undefined : await pickTarget(session));
  const name = request.machine ?? request.name ?? (target && (await askName(session)));
  if (!name) return undefined;
  const words = target ? ['--target', target] : [];
  const act = { title: l10n.t('Starting {0}', name), equivalent: [['lpl', 'vm', 'up', name, ...words]] as const };
  const machine = await runAct(session, act, (ctx) => session.lab.vmUp({ name, ...(target ? { target } : {}) }, ctx));
  if (machine) {
    session.selection.select(machine.name);
    session.status.show('vm-running', l10n.t('{0} runs {1}', machine.name, machine.release));
  }
  return machine;
}

async function pickTarget(session: Session): Promise<string | undefined> {
  const preferred = setting('target');
  const listed = session.lab.listTargets(preferred, question(60_000)).then((targets) =>
    targets
      .map(({ name, release, prepared }) => ({
        label: name,
        description: release,
        detail: prepared ? l10n.t('$(check) prepared') : l10n.t('$(cloud-download) to be prepared first'),
        rank: Number(name === preferred) * 2 + Number(prepared),
      }))
      .sort((a, b) => b.rank - a.rank),
  );
  const named = session.lab
    .targetNames()
    .then((names) => names.map(({ name, target }) => ({ label: name, description: target })));
  const items = Promise.all([named, listed]).then((groups): QuickPickItem[] => groups.flat());
  const title = l10n.t('Start a machine: target kernel');
  return (
    await window.showQuickPick(items, { title, placeHolder: l10n.t('The kernel to boot'), matchOnDescription: true })
  )?.label;
}

async function askName({ lab }: Session): Promise<string | undefined> {
  const taken = new Set((await lab.vmList(question())).map(({ name }) => name));
  const free =
    Array.from({ length: taken.size + 1 }, (_, index) => `vm${index + 1}`).find((name) => !taken.has(name)) ?? 'vm';
  return window.showInputBox({
    title: l10n.t('Start a machine: name'),
    value: free,
    validateInput: (value) =>
      !/^[a-z][a-z0-9-]{0,30}$/.test(value)
        ? l10n.t('small letters, digits and dashes')
        : taken.has(value)
          ? l10n.t('{0} exists', value)
          : undefined,
  });
}
