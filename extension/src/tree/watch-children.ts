// Tells when something happens to the directories in a directory (machines, trials), whoever does it: inotify, nothing is
// polled.

import { type FSWatcher, mkdirSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Disposable } from 'vscode';

export type ChildrenSpec = {
  /** Made when it is not there. */
  directory: string;
  /** Names in a child that matter; logs are not among them. */
  files: readonly string[];
  /** Watches only so many children, those last by name. */
  last?: number;
};

/** What comes together is told once. */
const settleMs = 60;

/** Calls `onChange` soon after a child came, went, or had one of its files changed. */
export function watchChildren({ directory, files, last = Infinity }: ChildrenSpec, onChange: () => void): Disposable {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const children = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      follow();
      onChange();
    }, settleMs);
  };
  const follow = () => {
    const names = new Set(readdirSync(directory).sort().slice(-last));
    for (const [name, watcher] of children) {
      if (names.has(name)) continue;
      watcher.close();
      children.delete(name);
    }
    for (const name of names) if (!children.has(name)) open(name);
  };
  const open = (name: string) => {
    try {
      const watcher = watch(join(directory, name), (_, file) => file && files.includes(file) && soon());
      watcher.on('error', () => watcher.close());
      children.set(name, watcher);
    } catch {
      // Removed since it was listed: the watcher of the directory above tells of that.
    }
  };
  const root = watch(directory, soon);
  follow();
  return {
    dispose: () => {
      clearTimeout(timer);
      root.close();
      for (const watcher of children.values()) watcher.close();
    },
  };
}
