// The nodes of the Machines view and how each looks. A failure is a node in its place, not a message box.

import { MarkdownString, ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import type { KlpPatch, LabError, MachineStatus } from 'livepatch-lab';

export type MachineNode =
  | { kind: 'machine'; machine: MachineStatus }
  | { kind: 'livepatch'; machine: MachineStatus; patch: KlpPatch }
  | { kind: 'function'; object: string; name: string }
  | { kind: 'note'; text: string }
  | { kind: 'error'; error: LabError };

/** The tree item of a node. */
export function machineTreeItem(node: MachineNode): TreeItem {
  switch (node.kind) {
    case 'machine':
      return machineItem(node.machine);
    case 'livepatch':
      return livepatchItem(node.patch);
    case 'function':
      return leaf(node.name, 'symbol-function', node.object);
    case 'note':
      return leaf(node.text, 'info');
    case 'error': {
      const item = leaf(
        node.error.message,
        new ThemeIcon('error', new ThemeColor('list.errorForeground')),
        node.error.hint,
      );
      item.tooltip = `${node.error.code}: ${node.error.message}${node.error.hint ? `\n${node.error.hint}` : ''}`;
      return item;
    }
  }
}

const stateIcons: Record<MachineStatus['state'], ThemeIcon> = {
  running: new ThemeIcon('vm-running', new ThemeColor('testing.iconPassed')),
  paused: new ThemeIcon('vm-outline', new ThemeColor('list.warningForeground')),
  panicked: new ThemeIcon('error', new ThemeColor('list.errorForeground')),
  stopped: new ThemeIcon('vm-outline'),
  broken: new ThemeIcon('warning', new ThemeColor('list.errorForeground')),
};

function machineItem(machine: MachineStatus): TreeItem {
  const running = machine.state === 'running';
  const item = new TreeItem(machine.name, running ? TreeItemCollapsibleState.Collapsed : TreeItemCollapsibleState.None);
  item.id = `machine/${machine.name}`;
  item.description = `${machine.state} · ${machine.release}`;
  item.iconPath = stateIcons[machine.state];
  item.contextValue = `machine.${machine.state}`;
  item.tooltip = new MarkdownString(
    [
      `**${machine.name}** ${machine.state}${machine.reason ? ` (${machine.reason})` : ''}`,
      `\`${machine.release}\``,
      `${machine.target}, ${machine.accelerator}${machine.upMs === undefined ? '' : `, up ${duration(machine.upMs)}`}`,
      `\`${machine.directory}\``,
    ].join('\n\n'),
  );
  item.accessibilityInformation = { label: `Machine ${machine.name}, ${machine.state}, kernel ${machine.release}` };
  return item;
}

function livepatchItem(patch: KlpPatch): TreeItem {
  const item = new TreeItem(patch.name, TreeItemCollapsibleState.Expanded);
  item.iconPath = new ThemeIcon('zap', patch.enabled ? new ThemeColor('testing.iconPassed') : undefined);
  item.description = patch.transition ? 'in transition' : patch.enabled ? 'live' : 'disabled';
  item.contextValue = 'livepatch';
  return item;
}

function leaf(label: string, icon: ThemeIcon | string, description?: string): TreeItem {
  const item = new TreeItem(label, TreeItemCollapsibleState.None);
  item.iconPath = typeof icon === 'string' ? new ThemeIcon(icon) : icon;
  if (description) item.description = description;
  return item;
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return minutes === 0
    ? `${Math.round(ms / 1000)} s`
    : minutes < 60
      ? `${minutes} min`
      : `${(minutes / 60).toFixed(1)} h`;
}
