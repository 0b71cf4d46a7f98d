// The settings of the extension, by name; the manifest declares the same (asserted by a unit test).

import { ConfigurationTarget, workspace } from 'vscode';
import { type SettingKey, settingsSection } from './contributions.ts';

export type Settings = {
  target: string;
  targets: string[];
  hotPatchOnSave: boolean;
  functionLenses: boolean;
  statusItem: 'full' | 'icon' | 'hidden';
  openReportIn: 'editor' | 'browser';
};

/** The value that holds in this window now. */
export function setting<K extends SettingKey & keyof Settings>(key: K): Settings[K] {
  return workspace.getConfiguration(settingsSection).get(key) as Settings[K];
}

/** Changes it for the user, or for the workspace where that has a value of its own. */
export async function changeSetting<K extends SettingKey & keyof Settings>(key: K, value: Settings[K]): Promise<void> {
  const configuration = workspace.getConfiguration(settingsSection);
  const isLocal = configuration.inspect(key)?.workspaceValue !== undefined;
  await configuration.update(key, value, isLocal ? ConfigurationTarget.Workspace : ConfigurationTarget.Global);
}
