// The Target kernels view: what `lpl target ls` shows of the series that the settings name and of the trees that have a short
// name, and what was edited for each.

import { join } from 'node:path';
import { workspace } from 'vscode';
import type { Lab } from 'livepatch-lab';
import { settingsSection, viewIds } from '../contributions.ts';
import { setting } from '../settings.ts';
import { listWorktrees } from '../source/worktree.ts';
import { changedFiles } from '../source/worktree-patch.ts';
import { createLabView, type LabView } from '../tree/lab-view.ts';
import { question } from '../tree/question.ts';
import { type Edited, type TargetNode, targetTreeItem } from './target-node.ts';

export type TargetsView = LabView<TargetNode>;

/** A mirror that is asked for the first time takes its time. */
const listMs = 60_000;

/** Creates the view. `storage`: where the work trees are. */
export function createTargetsView(lab: Lab, storage: string): TargetsView {
  const children = async (node: TargetNode | undefined): Promise<TargetNode[]> => {
    if (!node) {
      const names = [...seriesNames(), ...(await namedTrees(lab))];
      return names.map((name, index) => ({ kind: 'series', name, open: index === 0 }));
    }
    if (node.kind === 'series') {
      const [kernels, edited] = await Promise.all([
        lab.listTargets(node.name, question(listMs)),
        editedSources(storage),
      ]);
      return kernels.map((kernel) => ({ kind: 'kernel', kernel, edited: edited.get(kernel.name) }));
    }
    if (node.kind !== 'kernel' || !node.edited) return [];
    const { worktree, files } = node.edited;
    return files.map((file) => ({ kind: 'edited', worktree, file, path: join(worktree.source, file) }));
  };
  const view = createLabView({ id: viewIds.targets, children, item: targetTreeItem });
  const listeners = [
    workspace.onDidSaveTextDocument(({ fileName }) => fileName.startsWith(storage) && view.refresh()),
    workspace.onDidChangeConfiguration((event) => event.affectsConfiguration(settingsSection) && view.refresh()),
  ];
  return { ...view, dispose: () => [view, ...listeners].forEach((part) => void part.dispose()) };
}

/** The series of the preferred target first; a build tree is one by itself. */
function seriesNames(): string[] {
  const preferred = setting('target').replace(/^(debian:.*)@.*$/, '$1');
  return [...new Set([preferred, ...setting('targets')])];
}

/** Short names of build trees (`lpl target add`), one for each tree. */
async function namedTrees(lab: Lab): Promise<string[]> {
  const trees = (await lab.targetNames()).filter(({ target }) => target.startsWith('tree:'));
  return [...new Map(trees.map(({ name, target }) => [target, name])).values()];
}

/** Of each target, by its name, the files that differ from the pristine source. */
async function editedSources(storage: string): Promise<Map<string, Edited>> {
  const worktrees = await listWorktrees(storage);
  const edited = await Promise.all(
    worktrees.map(async (worktree) => ({ worktree, files: await changedFiles(worktree) })),
  );
  return new Map(edited.filter(({ files }) => files.length > 0).map((each) => [each.worktree.target.name, each]));
}
