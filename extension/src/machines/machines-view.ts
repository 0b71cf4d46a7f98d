// The Machines view: what `lpl vm ls` shows, and below a running machine what is live in its kernel. Everything is asked
// from the lab when the view needs it; the view keeps nothing.

import { join } from 'node:path';
import {
  type Disposable,
  EventEmitter,
  RelativePattern,
  type TreeDataProvider,
  type TreeView,
  Uri,
  window,
  workspace,
} from 'vscode';
import { asLabError, type Lab, type OpContext } from 'livepatch-lab';
import { machinesViewId } from '../contributions.ts';
import { type MachineNode, machineTreeItem } from './machine-node.ts';

export type MachinesView = Disposable & {
  readonly provider: TreeDataProvider<MachineNode>;
  readonly tree: TreeView<MachineNode>;
  /** Asks the lab again. */
  refresh(): void;
};

const askMs = 10_000;

/** Creates the view; it refreshes when an instance directory appears or goes, and when the window or view comes back. */
export function createMachinesView(lab: Lab): MachinesView {
  const changed = new EventEmitter<undefined>();
  const provider: TreeDataProvider<MachineNode> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: machineTreeItem,
    getChildren: (node) =>
      children(lab, node).catch((error: unknown): MachineNode[] => [{ kind: 'error', error: asLabError(error) }]),
  };
  const tree = window.createTreeView(machinesViewId, { treeDataProvider: provider, showCollapseAll: false });
  const instances = workspace.createFileSystemWatcher(new RelativePattern(Uri.file(join(lab.paths.state, 'vms')), '*'));
  const refresh = () => changed.fire(undefined);
  const parts: Disposable[] = [
    changed,
    tree,
    instances,
    instances.onDidCreate(refresh),
    instances.onDidDelete(refresh),
    tree.onDidChangeVisibility(({ visible }) => visible && refresh()),
    window.onDidChangeWindowState(({ focused }) => focused && tree.visible && refresh()),
  ];
  return { provider, tree, refresh, dispose: () => parts.forEach((part) => void part.dispose()) };
}

async function children(lab: Lab, node: MachineNode | undefined): Promise<MachineNode[]> {
  if (!node) return (await lab.vmList(question())).map((machine) => ({ kind: 'machine', machine }));
  if (node.kind === 'livepatch')
    return node.patch.objects.flatMap(({ name: object, functions }) =>
      functions.map((name): MachineNode => ({ kind: 'function', object, name })),
    );
  if (node.kind !== 'machine') return [];
  const { machine } = node;
  const patches = await lab.klpStatus(machine.name, question());
  if (patches.length === 0) return [{ kind: 'note', text: 'no livepatch' }];
  return patches.map((patch) => ({ kind: 'livepatch', machine, patch }));
}

/** A short question to the lab: bounded, and nobody watches its events. */
function question(): OpContext {
  return { signal: AbortSignal.timeout(askMs), emit: () => undefined, stage: '' };
}
