// Choosing a machine: by name when the caller knows it, by itself when only one fits, by asking otherwise.

import { window } from 'vscode';
import type { MachineStatus } from 'livepatch-lab';
import type { Session } from '../session.ts';

/** One of the machines that `fits`; undefined when there is none or the user chose none. */
export async function pickMachine(
  { lab }: Session,
  placeHolder: string,
  fits: (machine: MachineStatus) => boolean,
): Promise<MachineStatus | undefined> {
  const machines = (await lab.vmList({ signal: AbortSignal.timeout(10_000), emit: () => undefined, stage: '' })).filter(
    fits,
  );
  if (machines.length <= 1) return machines[0];
  const items = machines.map((machine) => ({
    label: machine.name,
    description: `${machine.state} · ${machine.release}`,
    machine,
  }));
  return (await window.showQuickPick(items, { placeHolder }))?.machine;
}
