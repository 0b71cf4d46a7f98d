// The composition root of the extension: makes the parts of a window and binds the commands to them. The lab comes from
// a factory, so that tests can put another one in its place.

import { commands, type Disposable, type ExtensionContext, Uri, window } from 'vscode';
import type { Lab } from 'livepatch-lab';
import { type CommandName, commandIds } from './contributions.ts';
import { buildAndLoad } from './livepatch/build-and-load.ts';
import { openJournal } from './operations/journal.ts';
import { createProblems } from './problems.ts';
import { createMachinesView, type MachinesView } from './machines/machines-view.ts';
import type { MachineNode } from './machines/machine-node.ts';
import { startMachine } from './machines/start-machine.ts';
import { stopMachine } from './machines/stop-machine.ts';
import type { Session } from './session.ts';
import { openSource } from './source/open-source.ts';
import { showChanges } from './source/show-changes.ts';
import { createStatusItem } from './status-item.ts';
import { runTrial } from './trial/run-trial.ts';

export type Parts = {
  openLab: () => Lab;
  withProgress?: typeof window.withProgress;
};

/** Sets the window up; everything is disposed with the extension. */
export function activateExtension(context: ExtensionContext, parts: Parts): { machines: MachinesView } {
  const lab = parts.openLab();
  const log = window.createOutputChannel('Livepatch Lab', { log: true });
  const session: Session = {
    lab,
    log,
    journal: openJournal(context.logUri.fsPath),
    storage: context.globalStorageUri.fsPath,
    machines: createMachinesView(lab),
    problems: createProblems(),
    status: createStatusItem(),
    withProgress: parts.withProgress ?? window.withProgress,
  };
  context.subscriptions.push(log, session.machines, session.problems, session.status, ...bindCommands(session));
  return { machines: session.machines };
}

/** Commands take a plain object, the node they were invoked on, or the file; each handler knows which. */
function bindCommands(session: Session): Disposable[] {
  const handlers: Record<CommandName, (argument: unknown) => unknown> = {
    refresh: () => session.machines.refresh(),
    startMachine: (request) => startMachine(session, plain(request)),
    stopMachine: (request) => stopMachine(session, { ...plain(request), ...named(request, 'machine', 'name') }),
    openSource: (request) => openSource(session, { ...plain(request), ...named(request, 'target', 'target') }),
    showChanges: (uri) => showChanges(session, uri instanceof Uri ? uri : undefined),
    buildAndLoad: (request) => buildAndLoad(session, request instanceof Uri ? {} : plain(request)),
    runTrial: (uri) => runTrial(session, uri instanceof Uri ? uri : undefined),
    showLog: () => session.log.show(),
  };
  const names = Object.keys(commandIds) as CommandName[];
  return names.map((name) => commands.registerCommand(commandIds[name], handlers[name]));
}

/** The string fields of a request object; empty for nodes, files and nothing. */
function plain(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || 'kind' in value) return {};
  return Object.fromEntries(Object.entries(value).filter(([, field]) => typeof field === 'string'));
}

/** `{[key]: machine[field]}` of a machine's node in the view. */
function named(value: unknown, key: string, field: 'name' | 'target'): Record<string, string> {
  const node = value as MachineNode | undefined;
  return node && 'kind' in node && node.kind === 'machine' ? { [key]: node.machine[field] } : {};
}
