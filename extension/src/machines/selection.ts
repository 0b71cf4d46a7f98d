// The machine that this window works with: the one selected or started last. Kept over reloads.

import { EventEmitter, type Event, type Memento } from 'vscode';

export type Selection = {
  readonly onDidChange: Event<void>;
  name(): string | undefined;
  select(name: string): void;
};

const key = 'selectedMachine';

/** The selection of a workspace. */
export function createSelection(memory: Memento): Selection {
  const changed = new EventEmitter<void>();
  return {
    onDidChange: changed.event,
    name: () => memory.get<string>(key),
    select: (name) => {
      if (memory.get(key) === name) return;
      void memory.update(key, name);
      changed.fire();
    },
  };
}
