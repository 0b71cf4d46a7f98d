// Choosing a machine: the one the window works with, the only one that fits, or one that the user picks.

import { window } from 'vscode';
import type { MachineStatus } from 'livepatch-lab';
import type { Session } from '../session.ts';
import { question } from '../tree/question.ts';

/**
 * One of the machines that `fits`; undefined when there is none or the user chose none. `ask`: rather than take the selected
 * one, for what cannot be taken back.
 */
export async function pickMachine(
  { lab, selection }: Session,
  placeHolder: string,
  fits: (machine: MachineStatus) => boolean,
  among: 'selected' | 'ask' = 'selected',
): Promise<MachineStatus | undefined> {
  const machines = (await lab.vmList(question())).filter(fits);
  if (machines.length <= 1) return machines[0];
  const selected = among === 'selected' && machines.find(({ name }) => name === selection.name());
  if (selected) return selected;
  const items = machines.map((machine) => ({
    label: machine.name,
    description: `${machine.state} · ${machine.release}`,
    machine,
  }));
  const picked = (await window.showQuickPick(items, { placeHolder }))?.machine;
  if (picked) selection.select(picked.name);
  return picked;
}
