// Tree items as all views make them.

import { l10n, ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import type { LabError } from 'livepatch-lab';

/** An item without children. `icon`: a codicon name, or an icon with its colour. */
export function leaf(label: string, icon: ThemeIcon | string, description?: string): TreeItem {
  const item = new TreeItem(label, TreeItemCollapsibleState.None);
  item.iconPath = typeof icon === 'string' ? new ThemeIcon(icon) : icon;
  if (description) item.description = description;
  return item;
}

/** An item with children, open or closed. */
export function branch(label: string, icon: ThemeIcon | string, state: 'open' | 'closed'): TreeItem {
  const item = leaf(label, icon);
  item.collapsibleState = state === 'open' ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed;
  return item;
}

export const icons = {
  good: (name: string) => new ThemeIcon(name, new ThemeColor('testing.iconPassed')),
  bad: (name: string) => new ThemeIcon(name, new ThemeColor('list.errorForeground')),
  doubtful: (name: string) => new ThemeIcon(name, new ThemeColor('list.warningForeground')),
};

/** Something worth saying where there is nothing to show. */
export const noteItem = (text: string): TreeItem => leaf(text, 'info');

/** A failure in its place, with the next action. */
export function errorItem({ code, message, hint }: LabError): TreeItem {
  const item = leaf(message, icons.bad('error'), hint);
  item.tooltip = `${code}: ${message}${hint ? `\n${hint}` : ''}`;
  return item;
}

/** A kernel release without its flavour: 6.12.94+deb13. */
export const shortRelease = (release: string): string => release.replace(/-.*$/, '');

/** How long ago or how long, for people. */
export function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes === 0) return `${Math.round(ms / 1000)} s`;
  if (minutes < 60) return l10n.t('{0} min', minutes);
  return minutes < 48 * 60 ? `${(minutes / 60).toFixed(1)} h` : l10n.t('{0} days', Math.round(minutes / 1440));
}
