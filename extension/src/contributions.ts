// Ids that code and manifest must agree on. Free of vscode, so that a unit test can compare the two.

/** Commands, as in `contributes.commands`. */
export const commandIds = {
  refresh: 'livepatchLab.refresh',
  startMachine: 'livepatchLab.startMachine',
  stopMachine: 'livepatchLab.stopMachine',
  removeMachine: 'livepatchLab.removeMachine',
  resetMachine: 'livepatchLab.resetMachine',
  snapshotMachine: 'livepatchLab.snapshotMachine',
  restoreMachine: 'livepatchLab.restoreMachine',
  openConsole: 'livepatchLab.openConsole',
  openShell: 'livepatchLab.openShell',
  debugMachine: 'livepatchLab.debugMachine',
  prepareTarget: 'livepatchLab.prepareTarget',
  openSource: 'livepatchLab.openSource',
  openFunction: 'livepatchLab.openFunction',
  showChanges: 'livepatchLab.showChanges',
  discardChanges: 'livepatchLab.discardChanges',
  createPatch: 'livepatchLab.createPatch',
  importPatch: 'livepatchLab.importPatch',
  unapplyPatch: 'livepatchLab.unapplyPatch',
  showPatch: 'livepatchLab.showPatch',
  checkPatch: 'livepatchLab.checkPatch',
  buildAndLoad: 'livepatchLab.buildAndLoad',
  toggleHotPatch: 'livepatchLab.toggleHotPatch',
  cancelHotPatch: 'livepatchLab.cancelHotPatch',
  disableLivepatch: 'livepatchLab.disableLivepatch',
  unloadLivepatch: 'livepatchLab.unloadLivepatch',
  runTrial: 'livepatchLab.runTrial',
  openTrialReport: 'livepatchLab.openTrialReport',
  rerunTrial: 'livepatchLab.rerunTrial',
  showUptime: 'livepatchLab.showUptime',
  runDoctor: 'livepatchLab.runDoctor',
  showLog: 'livepatchLab.showLog',
} as const;

export type CommandName = keyof typeof commandIds;

/** What a command does when it is invoked with whatever VS Code or a test gives it. */
export type Handler = (argument: unknown) => unknown;

export const settingsSection = 'livepatchLab';

/** Settings, as in `contributes.configuration` without the section. */
export const settingKeys = [
  'target',
  'targets',
  'hotPatchOnSave',
  'functionLenses',
  'statusItem',
  'openReportIn',
] as const;

export type SettingKey = (typeof settingKeys)[number];

/** Of tasks, as in `contributes.taskDefinitions`. */
export const taskType = 'lpl';

/** As in `contributes.debuggers`. */
export const debugType = 'livepatch-kernel';

/** Views, as in `contributes.views`. */
export const viewIds = {
  targets: 'livepatchLab.targets',
  machines: 'livepatchLab.machines',
  livepatches: 'livepatchLab.livepatches',
  trials: 'livepatchLab.trials',
} as const;
