// The Machines view: what `lpl vm ls` shows, and below each machine its facts and snapshots.

import type { Lab } from 'livepatch-lab';
import { viewIds } from '../contributions.ts';
import { createLabView, type LabView } from '../tree/lab-view.ts';
import { question } from '../tree/question.ts';
import { machineFacts, type MachineNode, machineTreeItem } from './machine-node.ts';
import type { MachineNews } from './machine-news.ts';
import type { Selection } from './selection.ts';

export type MachinesView = LabView<MachineNode>;

/** Creates the view; the machine that is selected in it is the one the window works with. */
export function createMachinesView(lab: Lab, news: MachineNews, selection: Selection): MachinesView {
  const children = async (node: MachineNode | undefined): Promise<MachineNode[]> => {
    if (!node) {
      const machines = await lab.vmList(question());
      return machines.map((machine) => ({ kind: 'machine', machine, trouble: news.troubleOf(machine.name) }));
    }
    if (node.kind !== 'machine') return [];
    const { machine, trouble } = node;
    const snapshots = await lab.vmSnapshots(machine.name, question());
    return [
      ...machineFacts(machine, trouble),
      ...snapshots.map((snapshot): MachineNode => ({ kind: 'snapshot', machine, snapshot })),
    ];
  };
  const view = createLabView({ id: viewIds.machines, children, item: machineTreeItem });
  const listeners = [
    news.onDidChangeMachines(view.refresh),
    view.tree.onDidChangeSelection(({ selection: [node] }) => {
      if (node?.kind === 'machine') selection.select(node.machine.name);
    }),
  ];
  return { ...view, dispose: () => [view, ...listeners].forEach((part) => void part.dispose()) };
}
