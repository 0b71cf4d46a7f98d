// Which functions are live in the selected machine, asked again whenever its kernel speaks of livepatches.

import { type Disposable, EventEmitter, type Event } from 'vscode';
import type { Lab } from 'livepatch-lab';
import { selectedMachine } from '../livepatch/livepatches-view.ts';
import type { MachineNews } from '../machines/machine-news.ts';
import type { Selection } from '../machines/selection.ts';
import { question } from '../tree/question.ts';

export type LiveFunctions = Disposable & {
  readonly onDidChange: Event<void>;
  /** Name of the machine in which it is live. */
  whereLive(name: string): string | undefined;
};

/** Knows nothing until a machine says something, or the selection changes. */
export function createLiveFunctions(lab: Lab, news: MachineNews, selection: Selection): LiveFunctions {
  const changed = new EventEmitter<void>();
  let live = new Map<string, string>();
  const ask = async () => {
    const machine = await selectedMachine(lab, selection);
    const patches = machine?.state === 'running' ? await lab.klpStatus(machine.name, question()) : [];
    const names = patches.flatMap(({ enabled, objects }) =>
      enabled ? objects.flatMap(({ functions }) => functions) : [],
    );
    live = new Map(names.map((name) => [name.replace(/,\d+$/, ''), machine?.name ?? '']));
    changed.fire();
  };
  const quietly = () => void ask().catch(() => undefined);
  const listeners = [
    changed,
    news.onDidChangeLivepatches(quietly),
    news.onDidChangeMachines(quietly),
    selection.onDidChange(quietly),
  ];
  return {
    onDidChange: changed.event,
    whereLive: (name) => live.get(name),
    dispose: () => listeners.forEach((part) => void part.dispose()),
  };
}
