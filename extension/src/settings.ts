// The settings of the extension, by name; the manifest declares the same (asserted by a unit test).

import { workspace } from 'vscode';
import { type SettingKey, settingsSection } from './contributions.ts';

export type Settings = {
  target: string;
  statusItem: 'full' | 'icon' | 'hidden';
  openReportIn: 'editor' | 'browser';
};

/** The value that holds in this window now. */
export function setting<K extends SettingKey & keyof Settings>(key: K): Settings[K] {
  return workspace.getConfiguration(settingsSection).get(key) as Settings[K];
}
