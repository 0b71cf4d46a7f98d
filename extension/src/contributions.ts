// Ids that code and manifest must agree on. Free of vscode, so that a unit test can compare the two.

/** Commands, as in `contributes.commands`. */
export const commandIds = {
  refresh: 'livepatchLab.refresh',
  startMachine: 'livepatchLab.startMachine',
  stopMachine: 'livepatchLab.stopMachine',
  openSource: 'livepatchLab.openSource',
  showChanges: 'livepatchLab.showChanges',
  buildAndLoad: 'livepatchLab.buildAndLoad',
  runTrial: 'livepatchLab.runTrial',
  showLog: 'livepatchLab.showLog',
} as const;

export type CommandName = keyof typeof commandIds;

export const settingsSection = 'livepatchLab';

/** Settings, as in `contributes.configuration` without the section. */
export const settingKeys = ['target', 'statusItem', 'openReportIn'] as const;

export type SettingKey = (typeof settingKeys)[number];

export const machinesViewId = 'livepatchLab.machines';
