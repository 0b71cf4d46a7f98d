// What happens to machines, whoever does it, as it happens: one watcher for every kept machine that runs, and one for the
// directory that they live in.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Disposable, EventEmitter, type Event } from 'vscode';
import type { Lab, MachineEvent, MachineStatus } from 'livepatch-lab';
import { question } from '../tree/question.ts';
import { watchChildren } from '../tree/watch-children.ts';

export type MachineNews = Disposable & {
  /** A machine came, went, or is in another state than before. */
  readonly onDidChangeMachines: Event<void>;
  /** The kernel of that machine said something of a livepatch. */
  readonly onDidChangeLivepatches: Event<string>;
  /** A machine of ours died or its kernel complained. */
  readonly onDidFail: Event<{ machine: string; text: string; fatal: boolean }>;
  /** What its kernel last complained of, since the machine runs and this window watches. */
  troubleOf(machine: string): string | undefined;
  /** Looks which machines there are to be watched. */
  look(): Promise<void>;
};

const againMs = 1000;

/** Watches from now on. */
export function createMachineNews(lab: Lab): MachineNews {
  const machines = new EventEmitter<void>();
  const livepatches = new EventEmitter<string>();
  const failures = new EventEmitter<{ machine: string; text: string; fatal: boolean }>();
  const watched = new Map<string, AbortController>();
  const troubles = new Map<string, string>();

  const onEvent = (name: string, event: MachineEvent) => {
    if (event.type === 'console' && /\blivepatch: /.test(event.line)) livepatches.fire(name);
    if (event.type === 'qmp' && /^(STOP|RESUME|RESET|SHUTDOWN|GUEST_)/.test(event.event.event)) machines.fire();
    if (event.type !== 'problem') return;
    const { kind, text } = event.problem;
    troubles.set(name, text);
    failures.fire({ machine: name, text, fatal: kind === 'panic' });
    machines.fire();
  };
  const watch = async ({ name, pid }: MachineStatus) => {
    const key = `${name} ${pid}`;
    const over = new AbortController();
    watched.set(key, over);
    troubles.delete(name);
    const ctx = { ...question(), signal: over.signal };
    // QEMU may be mute for a while, as when it loads a snapshot on a busy host: such a machine is watched a moment later.
    await lab
      .vmWatch(name, ctx, (event) => onEvent(name, event))
      .catch(() => sleep(againMs, undefined, { signal: over.signal }))
      .catch(() => undefined);
    watched.delete(key);
    if (over.signal.aborted) return;
    machines.fire();
    await look();
  };
  const look = async () => {
    const all = await lab.vmList(question()).catch(() => []);
    for (const machine of all)
      if (
        machine.pid !== undefined &&
        machine.lifetime !== 'throw-away' &&
        !watched.has(`${machine.name} ${machine.pid}`)
      )
        void watch(machine);
  };
  const instances = watchChildren(
    { directory: join(lab.paths.state, 'vms'), files: ['vm.json', 'run.json', 'snapshots'] },
    () => {
      machines.fire();
      void look();
    },
  );
  void look();
  return {
    onDidChangeMachines: machines.event,
    onDidChangeLivepatches: livepatches.event,
    onDidFail: failures.event,
    troubleOf: (name) => troubles.get(name),
    look,
    dispose: () => {
      instances.dispose();
      for (const over of watched.values()) over.abort();
      for (const emitter of [machines, livepatches, failures]) emitter.dispose();
    },
  };
}
