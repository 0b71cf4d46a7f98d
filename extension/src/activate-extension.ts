// The composition root of the extension: makes the parts of a window. The lab comes from a factory, so that tests can put
// another one in its place.

import { EventEmitter, type ExtensionContext, type TestController, type TestRunProfile, Uri, window } from 'vscode';
import type { Lab, LabEvent } from 'livepatch-lab';
import { registerTools } from './assistant/lab-tools.ts';
import { createPatchRemarks } from './authoring/patch-remarks.ts';
import { createPatchTexts } from './authoring/show-patch.ts';
import { registerCommands } from './commands.ts';
import { createTestExplorer } from './explorer/test-explorer.ts';
import { registerKernelDebugger } from './debug/kernel-debugger.ts';
import type { KnownDebugger } from './debug/debugger-launch.ts';
import { registerLabTasks } from './tasks/lab-tasks.ts';
import { registerFunctionLenses } from './functions/function-lenses.ts';
import { createLiveFunctions } from './functions/live-functions.ts';
import { createHotPatch } from './livepatch/hot-patch.ts';
import { createLivepatchesView, type LivepatchesView } from './livepatch/livepatches-view.ts';
import { registerKernelLinks } from './links/kernel-links.ts';
import { createMachineNews, type MachineNews } from './machines/machine-news.ts';
import { createMachinesView, type MachinesView } from './machines/machines-view.ts';
import { createSelection } from './machines/selection.ts';
import { tellFailures } from './machines/tell-failures.ts';
import { openJournal } from './operations/journal.ts';
import { lintAsYouType } from './problems/lint-as-you-type.ts';
import { createProblems } from './problems/problems.ts';
import { watchScenarios } from './problems/scenario-problems.ts';
import { registerQuickFixes } from './problems/quick-fixes.ts';
import type { HotPatch, Session } from './session.ts';
import { createStatusItem, type StatusItem } from './status-item.ts';
import { createTargetsView, type TargetsView } from './targets/targets-view.ts';
import { createUptimePanel, type UptimePanel } from './uptime/uptime-panel.ts';
import { createTrialsView, type TrialsView } from './trials/trials-view.ts';

export type Parts = {
  openLab: () => Lab;
  withProgress?: typeof window.withProgress;
  confirm?: Session['confirm'];
  /** Debugger extensions that are installed. */
  debuggers?: () => KnownDebugger[];
};

export type Window = {
  targets: TargetsView;
  machines: MachinesView;
  livepatches: LivepatchesView;
  trials: TrialsView;
  status: StatusItem;
  hotPatch: HotPatch;
  news: MachineNews;
  scenarios: TestController;
  /** How they can be run now. */
  profiles: () => readonly TestRunProfile[];
  uptime: UptimePanel;
};

/** Sets the window up; everything is disposed with the extension. */
export function activateExtension(context: ExtensionContext, parts: Parts): Window {
  const lab = parts.openLab();
  const log = window.createOutputChannel('Livepatch Lab', { log: true });
  const storage = context.globalStorageUri.fsPath;
  const news = createMachineNews(lab);
  const selection = createSelection(context.workspaceState);
  const machines = createMachinesView(lab, news, selection);
  const livepatches = createLivepatchesView(lab, news, selection);
  const targets = createTargetsView(lab, storage);
  const trials = createTrialsView(lab);
  const views = [targets, machines, livepatches, trials];
  const hotPatch = createHotPatch(() => session);
  const keep = openJournal(context.logUri.fsPath);
  const events = new EventEmitter<LabEvent>();
  const session: Session = {
    lab,
    log,
    journal: (event) => {
      keep(event);
      events.fire(event);
    },
    onEvent: events.event,
    storage,
    news,
    selection,
    hotPatch,
    problems: createProblems(),
    status: createStatusItem(),
    withProgress: parts.withProgress ?? window.withProgress,
    confirm: parts.confirm ?? askModally,
    refreshViews: () => views.forEach((view) => view.refresh()),
  };
  const { problems, status } = session;
  const uptime = createUptimePanel(session, Uri.joinPath(context.extensionUri, 'media/uptime'));
  const scenarios = createTestExplorer(session);
  const live = createLiveFunctions(lab, news, selection);
  const remarks = createPatchRemarks(lab);
  const texts = createPatchTexts();
  const listeners = [
    events,
    remarks,
    texts,
    uptime,
    hotPatch,
    tellFailures(session),
    registerQuickFixes(storage),
    lintAsYouType(lab, storage, problems),
    live,
    registerFunctionLenses(lab, storage, live),
    scenarios,
    registerKernelLinks(session),
    watchScenarios(lab),
    registerLabTasks(session),
    registerKernelDebugger(session, parts.debuggers),
    ...registerTools(session),
    ...registerCommands(session, { uptime, remarks, texts }),
  ];
  context.subscriptions.push(log, news, ...views, problems, status, ...listeners);
  const { controller, profiles } = scenarios;
  return { targets, machines, livepatches, trials, status, hotPatch, news, scenarios: controller, profiles, uptime };
}

const askModally: Session['confirm'] = (message, detail, ...buttons) =>
  window.showWarningMessage(message, { modal: true, detail }, ...buttons);
