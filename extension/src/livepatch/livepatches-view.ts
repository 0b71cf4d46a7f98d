// The Livepatches view: what is live in the selected machine, from the guest's /sys/kernel/livepatch. It follows what the
// kernel says of livepatches on its console; only a transition that runs is asked after once a second.

import { l10n } from 'vscode';
import type { KlpPatch, Lab, MachineStatus } from 'livepatch-lab';
import { viewIds } from '../contributions.ts';
import type { MachineNews } from '../machines/machine-news.ts';
import type { Selection } from '../machines/selection.ts';
import { type CommonNode, createLabView, type LabView } from '../tree/lab-view.ts';
import { question } from '../tree/question.ts';
import { type LivepatchNode, livepatchTreeItem } from './livepatch-node.ts';

export type LivepatchesView = LabView<LivepatchNode>;

/** The kernel itself retries a transition once a second. */
const transitionMs = 1_000;

/** Creates the view. */
export function createLivepatchesView(lab: Lab, news: MachineNews, selection: Selection): LivepatchesView {
  let timer: NodeJS.Timeout | undefined;
  const roots = async (): Promise<(LivepatchNode | CommonNode)[]> => {
    clearTimeout(timer);
    const machine = await selectedMachine(lab, selection);
    view.tree.description = machine?.name ?? '';
    if (!machine) return [];
    if (machine.state !== 'running') return [{ kind: 'note', text: `${machine.name} is ${machine.state}` }];
    const patches = await lab.klpStatus(machine.name, question());
    if (patches.some(({ transition }) => transition) && view.tree.visible)
      timer = setTimeout(() => view.refresh(), transitionMs);
    if (patches.length === 0) return [{ kind: 'note', text: l10n.t('no livepatch in {0}', machine.name) }];
    return patches.map((patch) => ({ kind: 'livepatch', machine, patch }));
  };
  const view = createLabView<LivepatchNode>({
    id: viewIds.livepatches,
    children: async (node) => (node ? below(lab, node) : roots()),
    item: livepatchTreeItem,
  });
  const refresh = () => view.refresh();
  const listeners = [
    selection.onDidChange(refresh),
    news.onDidChangeMachines(refresh),
    news.onDidChangeLivepatches(refresh),
    { dispose: () => clearTimeout(timer) },
  ];
  return { ...view, dispose: () => [view, ...listeners].forEach((part) => void part.dispose()) };
}

/** The selected one; when there is no such machine (any more), the only one that runs. */
export async function selectedMachine(lab: Lab, selection: Selection): Promise<MachineStatus | undefined> {
  const machines = await lab.vmList(question());
  const running = machines.filter(({ state }) => state === 'running');
  return machines.find(({ name }) => name === selection.name()) ?? (running.length === 1 ? running[0] : undefined);
}

async function below(lab: Lab, node: LivepatchNode): Promise<LivepatchNode[]> {
  switch (node.kind) {
    case 'livepatch':
      return [
        ...(await transitionOf(lab, node.machine, node.patch)),
        ...node.patch.objects.map((object): LivepatchNode => ({ kind: 'object', machine: node.machine, object })),
      ];
    case 'transition':
      return node.state.behind.map((task) => ({ kind: 'task', task }));
    case 'task':
      return node.task.stack.map((text) => ({ kind: 'frame', text }));
    case 'object': {
      const { name: object, functions } = node.object;
      return functions.map((name) => ({ kind: 'function', machine: node.machine, object, name }));
    }
    default:
      return [];
  }
}

async function transitionOf(lab: Lab, { name: vm }: MachineStatus, patch: KlpPatch): Promise<LivepatchNode[]> {
  if (!patch.transition) return [];
  const state = await lab.klpTransition({ vm, module: patch.name }, question());
  return state ? [{ kind: 'transition', state }] : [];
}
