// What every view of this extension has in common: it asks the lab when it needs to know and keeps nothing, and a failure
// is a node in its place, not a message box.

import { type Disposable, EventEmitter, type TreeDataProvider, type TreeItem, type TreeView, window } from 'vscode';
import { asLabError, type LabError } from 'livepatch-lab';
import { errorItem, noteItem } from './tree-items.ts';

/** Nodes that any view may show beside its own. */
export type CommonNode = { kind: 'note'; text: string } | { kind: 'error'; error: LabError };

export type LabView<N> = Disposable & {
  readonly provider: TreeDataProvider<N | CommonNode>;
  readonly tree: TreeView<N | CommonNode>;
  /** Asks the lab again. */
  readonly refresh: () => void;
};

type ViewSpec<N extends { kind: string }> = {
  id: string;
  /** Of a node, or of the view itself. */
  children: (node: N | undefined) => Promise<(N | CommonNode)[]>;
  item: (node: N) => TreeItem;
};

/** Creates the view; it asks again whenever it comes into sight. */
export function createLabView<N extends { kind: string }>({ id, children, item }: ViewSpec<N>): LabView<N> {
  const changed = new EventEmitter<undefined>();
  const isCommon = (node: N | CommonNode): node is CommonNode => node.kind === 'note' || node.kind === 'error';
  const provider: TreeDataProvider<N | CommonNode> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: (node) =>
      !isCommon(node) ? item(node) : node.kind === 'note' ? noteItem(node.text) : errorItem(node.error),
    getChildren: async (node) => {
      if (node && isCommon(node)) return [];
      return children(node).catch((error: unknown): CommonNode[] => [{ kind: 'error', error: asLabError(error) }]);
    },
  };
  const tree = window.createTreeView(id, { treeDataProvider: provider, showCollapseAll: false });
  const refresh = () => changed.fire(undefined);
  const parts: Disposable[] = [changed, tree, tree.onDidChangeVisibility(({ visible }) => visible && refresh())];
  return { provider, tree, refresh, dispose: () => parts.forEach((part) => void part.dispose()) };
}
