// Starts a machine on a target kernel that the user picks, or that the caller names.

import { window } from 'vscode';
import type { MachineStatus } from 'livepatch-lab';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';

export type StartMachineRequest = { name?: string; target?: string };

/** Boots (or finds running) the machine and returns its status; undefined when the user gave up or it failed. */
export async function startMachine(
  session: Session,
  request: StartMachineRequest = {},
): Promise<MachineStatus | undefined> {
  const target = request.target ?? (await pickTarget(session));
  if (!target) return undefined;
  const name = request.name ?? (await askName(session));
  if (!name) return undefined;
  const act = { title: `Starting ${name}`, equivalent: [['lpl', 'vm', 'up', name, '--target', target]] as const };
  const machine = await runAct(session, act, (ctx) => session.lab.vmUp({ name, target }, ctx));
  if (machine) session.status.show('vm-running', `${machine.name} runs ${machine.release}`);
  return machine;
}

async function pickTarget(session: Session): Promise<string | undefined> {
  const signal = AbortSignal.timeout(60_000);
  const preferred = setting('target');
  const items = session.lab.listTargets(preferred, { signal, emit: () => undefined, stage: '' }).then((targets) =>
    targets
      .map(({ name, release, prepared }) => ({
        label: name,
        description: release,
        detail: prepared ? '$(check) prepared' : '$(cloud-download) to be prepared first',
        rank: Number(name === preferred) * 2 + Number(prepared),
      }))
      .sort((a, b) => b.rank - a.rank),
  );
  const title = 'Start a machine: target kernel';
  return (await window.showQuickPick(items, { title, placeHolder: 'The kernel to boot', matchOnDescription: true }))
    ?.label;
}

async function askName({ lab }: Session): Promise<string | undefined> {
  const taken = new Set(
    (await lab.vmList({ signal: AbortSignal.timeout(10_000), emit: () => undefined, stage: '' })).map(
      ({ name }) => name,
    ),
  );
  const free =
    Array.from({ length: taken.size + 1 }, (_, index) => `vm${index + 1}`).find((name) => !taken.has(name)) ?? 'vm';
  return window.showInputBox({
    title: 'Start a machine: name',
    value: free,
    validateInput: (value) =>
      !/^[a-z][a-z0-9-]{0,30}$/.test(value)
        ? 'small letters, digits and dashes'
        : taken.has(value)
          ? `${value} exists`
          : undefined,
  });
}
