// The one status bar item: what is live, and where; or what is being done about it. Configurable; clicking it shows the
// Livepatches view and changes nothing.

import { type Disposable, l10n, MarkdownString, StatusBarAlignment, ThemeColor, window, workspace } from 'vscode';
import { commandIds, settingsSection, viewIds } from './contributions.ts';
import { setting } from './settings.ts';

export type StatusItem = Disposable & {
  /** Icon is a codicon name; an empty text hides the item. */
  show(icon: string, text: string): void;
  /** The same, for something that stands against an edit. */
  warn(text: string): void;
  /** Something goes on, which its tooltip offers to cancel. */
  busy(text: string): void;
  /** What it says. */
  readonly text: string;
};

type Look = { icon: string; text: string; kind: 'plain' | 'warning' | 'busy' };

/** The item; it appears with its first text. */
export function createStatusItem(): StatusItem {
  const item = window.createStatusBarItem('livepatchLab.status', StatusBarAlignment.Left, 0);
  item.name = l10n.t('Livepatch Lab');
  item.command = `${viewIds.livepatches}.focus`;
  let look: Look = { icon: '', text: '', kind: 'plain' };
  const draw = () => {
    const { icon, text, kind } = look;
    const style = setting('statusItem');
    item.text = style === 'icon' ? `$(${icon})` : `$(${icon}) ${text}`;
    item.tooltip = tooltip(look);
    item.accessibilityInformation = { label: l10n.t('Livepatch Lab: {0}', text), role: 'button' };
    item.backgroundColor = kind === 'warning' ? new ThemeColor('statusBarItem.warningBackground') : undefined;
    if (style === 'hidden' || !text) item.hide();
    else item.show();
  };
  const change = (next: Look) => {
    look = next;
    draw();
  };
  const listener = workspace.onDidChangeConfiguration((event) => event.affectsConfiguration(settingsSection) && draw());
  return {
    show: (icon, text) => change({ icon, text, kind: 'plain' }),
    warn: (text) => change({ icon: 'warning', text, kind: 'warning' }),
    busy: (text) => change({ icon: 'loading~spin', text, kind: 'busy' }),
    get text() {
      return look.text;
    },
    dispose: () => {
      listener.dispose();
      item.dispose();
    },
  };
}

function tooltip({ text, kind }: Look): MarkdownString {
  const hotPatch = setting('hotPatchOnSave') ? l10n.t('Hot patch on save: on') : l10n.t('Hot patch on save: off');
  const links = [
    ...(kind === 'busy' ? [`[${l10n.t('Cancel')}](command:${commandIds.cancelHotPatch})`] : []),
    `[${hotPatch}](command:${commandIds.toggleHotPatch})`,
    `[${l10n.t('Show log')}](command:${commandIds.showLog})`,
  ];
  const shown = new MarkdownString(`**${l10n.t('Livepatch Lab')}** ${text}\n\n${links.join(' · ')}`);
  shown.isTrusted = { enabledCommands: [commandIds.cancelHotPatch, commandIds.toggleHotPatch, commandIds.showLog] };
  return shown;
}
