// The one status bar item: what is live, and where. Configurable; clicking it shows the Machines view.

import { type Disposable, StatusBarAlignment, window, workspace } from 'vscode';
import { machinesViewId, settingsSection } from './contributions.ts';
import { setting } from './settings.ts';

export type StatusItem = Disposable & {
  /** Icon is a codicon name; an empty text hides the item. */
  show(icon: string, text: string): void;
};

/** The item; it appears with its first text. */
export function createStatusItem(): StatusItem {
  const item = window.createStatusBarItem('livepatchLab.status', StatusBarAlignment.Left, 0);
  item.name = 'Livepatch Lab';
  item.command = `${machinesViewId}.focus`;
  let icon = '';
  let text = '';
  const draw = () => {
    const style = setting('statusItem');
    item.text = style === 'icon' ? `$(${icon})` : `$(${icon}) ${text}`;
    item.tooltip = `Livepatch Lab: ${text}`;
    if (style === 'hidden' || !text) item.hide();
    else item.show();
  };
  const listener = workspace.onDidChangeConfiguration((event) => event.affectsConfiguration(settingsSection) && draw());
  return {
    show: (newIcon, newText) => {
      [icon, text] = [newIcon, newText];
      draw();
    },
    dispose: () => {
      listener.dispose();
      item.dispose();
    },
  };
}
