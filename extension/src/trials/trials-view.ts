// The Trials view: those there were, whoever ran them, from the lab's state directory.

import { join } from 'node:path';
import type { Lab } from 'livepatch-lab';
import { viewIds } from '../contributions.ts';
import { createLabView, type LabView } from '../tree/lab-view.ts';
import { watchChildren } from '../tree/watch-children.ts';
import { type TrialNode, trialTreeItem } from './trial-node.ts';

export type TrialsView = LabView<TrialNode>;

const shown = 50;

/** Creates the view. */
export function createTrialsView(lab: Lab): TrialsView {
  const children = async (node: TrialNode | undefined): Promise<TrialNode[]> => {
    if (!node) return (await lab.trialList(shown)).map((trial) => ({ kind: 'trial', trial }));
    if (node.kind !== 'trial') return [];
    const good = node.trial.verdict === 'pass';
    return node.trial.reasons.map((text) => ({ kind: 'reason', text, good }));
  };
  const view = createLabView({ id: viewIds.trials, children, item: trialTreeItem });
  const watcher = watchChildren(
    { directory: join(lab.paths.state, 'trials'), files: ['trial.json'], last: shown },
    view.refresh,
  );
  return { ...view, dispose: () => [view, watcher].forEach((part) => void part.dispose()) };
}
