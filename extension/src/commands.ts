// Which command does what.

import { commands, type Disposable, Uri } from 'vscode';
import { checkPatch } from './authoring/check-patch.ts';
import { createPatch } from './authoring/create-patch.ts';
import { importPatch } from './authoring/import-patch.ts';
import type { PatchRemarks } from './authoring/patch-remarks.ts';
import { type PatchTexts, showPatch } from './authoring/show-patch.ts';
import { type CommandName, commandIds, type Handler } from './contributions.ts';
import { buildAndLoad } from './livepatch/build-and-load.ts';
import { toggleHotPatch } from './livepatch/hot-patch.ts';
import { disableLivepatch, openFunction, unloadLivepatch } from './livepatch/livepatch-acts.ts';
import { pickLivepatch } from './livepatch/pick-livepatch.ts';
import { removeMachine, resetMachine, restoreMachine, snapshotMachine, stopMachine } from './machines/machine-acts.ts';
import { startMachine } from './machines/start-machine.ts';
import { runDoctor } from './operations/run-doctor.ts';
import { requestOf } from './request.ts';
import type { Session } from './session.ts';
import { discardChanges } from './source/discard-changes.ts';
import { openSource } from './source/open-source.ts';
import { showChanges } from './source/show-changes.ts';
import { prepareTarget } from './targets/prepare-target.ts';
import { debugMachine } from './debug/kernel-debugger.ts';
import { openConsole, openShell } from './terminals/open-terminals.ts';
import { openTrialReport } from './trials/open-report.ts';
import type { UptimePanel } from './uptime/uptime-panel.ts';
import { runTrial } from './trials/run-trial.ts';
import { pickTrial, scenarioOf } from './trials/pick-trial.ts';

/** What some commands need beside the session. */
export type CommandParts = { uptime: UptimePanel; remarks: PatchRemarks; texts: PatchTexts };

/** Registers all commands. */
export function registerCommands(session: Session, parts: CommandParts): Disposable[] {
  const names = Object.keys(commandIds) as CommandName[];
  const all = {
    ...machineCommands(session),
    ...sourceCommands(session),
    ...patchCommands(session, parts),
    ...windowCommands(session, parts.uptime),
  };
  const handlers: Record<CommandName, Handler> = all;
  return names.map((name) => commands.registerCommand(commandIds[name], handlers[name]));
}

const machineCommands = (session: Session) => ({
  startMachine: (argument: unknown) => startMachine(session, requestOf(argument)),
  stopMachine: (argument: unknown) => stopMachine(session, requestOf(argument).machine),
  removeMachine: (argument: unknown) => removeMachine(session, requestOf(argument).machine),
  resetMachine: (argument: unknown) => resetMachine(session, requestOf(argument).machine),
  snapshotMachine: (argument: unknown) => snapshotMachine(session, requestOf(argument).machine),
  restoreMachine: (argument: unknown) => restoreMachine(session, requestOf(argument)),
  openConsole: (argument: unknown) => openConsole(session, requestOf(argument).machine),
  openShell: (argument: unknown) => openShell(session, requestOf(argument).machine),
  debugMachine: (argument: unknown) => debugMachine(requestOf(argument).machine),
  disableLivepatch: async (argument: unknown) => {
    const found = await pickLivepatch(session, requestOf(argument));
    if (found) await disableLivepatch(session, found);
  },
  unloadLivepatch: async (argument: unknown) => {
    const found = await pickLivepatch(session, requestOf(argument));
    if (found) await unloadLivepatch(session, found);
  },
});

const sourceCommands = (session: Session) => ({
  prepareTarget: (argument: unknown) => prepareTarget(session, requestOf(argument).target),
  openSource: (argument: unknown) => openSource(session, requestOf(argument)),
  openFunction: (argument: unknown) => {
    const { target, function: name } = requestOf(argument);
    return target && name ? openFunction(session, { target, name }) : undefined;
  },
  showChanges: (argument: unknown) => showChanges(session, argument instanceof Uri ? argument : undefined),
  discardChanges: (argument: unknown) => discardChanges(session, requestOf(argument).file),
  buildAndLoad: (argument: unknown) => buildAndLoad(session, argument instanceof Uri ? {} : requestOf(argument)),
  toggleHotPatch: () => toggleHotPatch(session),
  cancelHotPatch: () => session.hotPatch.cancel(),
});

const patchCommands = (session: Session, parts: CommandParts) => ({
  createPatch: (argument: unknown) =>
    createPatch(session, parts.remarks, argument instanceof Uri ? {} : requestOf(argument)),
  importPatch: (argument: unknown) => importPatch(session, parts.remarks, requestOf(argument), 'in'),
  unapplyPatch: (argument: unknown) => importPatch(session, parts.remarks, requestOf(argument), 'out'),
  showPatch: (argument: unknown) => showPatch(session, parts, requestOf(argument)),
  checkPatch: (argument: unknown) => checkPatch(session, parts.remarks, requestOf(argument)),
});

const windowCommands = (session: Session, uptime: UptimePanel) => ({
  showUptime: () => uptime.show(),
  runTrial: (argument: unknown) => runTrial(session, requestOf(argument).file),
  openTrialReport: async (argument: unknown) => {
    const directory = requestOf(argument).trial ?? (await pickTrial(session));
    if (directory) await openTrialReport(directory);
  },
  rerunTrial: async (argument: unknown) => {
    const directory = requestOf(argument).trial ?? (await pickTrial(session));
    const scenario = directory && (await scenarioOf(session, directory));
    return scenario ? runTrial(session, scenario) : undefined;
  },
  runDoctor: () => runDoctor(session),
  refresh: () => session.refreshViews(),
  showLog: () => session.log.show(),
});
