// The nodes of the Machines view and how each looks.

import { l10n, MarkdownString, type TreeItem } from 'vscode';
import type { MachineSnapshot, MachineStatus } from 'livepatch-lab';
import { branch, duration, icons, leaf, shortRelease } from '../tree/tree-items.ts';

export type MachineNode =
  /** `trouble`: what its kernel complained of. */
  | { kind: 'machine'; machine: MachineStatus; trouble?: string | undefined }
  | { kind: 'snapshot'; machine: MachineStatus; snapshot: MachineSnapshot }
  | { kind: 'fact'; icon: string; label: string; text: string };

/** The tree item of a node. */
export function machineTreeItem(node: MachineNode): TreeItem {
  switch (node.kind) {
    case 'machine':
      return machineItem(node.machine, node.trouble);
    case 'snapshot':
      return snapshotItem(node.snapshot);
    case 'fact':
      return leaf(node.label, node.icon, node.text);
  }
}

const stateIcons = {
  running: icons.good('vm-running'),
  paused: icons.doubtful('vm-outline'),
  panicked: icons.bad('error'),
  stopped: 'vm-outline',
  broken: icons.bad('warning'),
} as const;

function machineItem(machine: MachineStatus, trouble: string | undefined): TreeItem {
  const { name, state, release, reason } = machine;
  const isTroubled = trouble !== undefined && state === 'running';
  const item = branch(name, isTroubled ? icons.doubtful('warning') : stateIcons[state], 'closed');
  item.id = `machine/${name}`;
  item.description = `${state} · ${shortRelease(release)}`;
  item.contextValue = `machine.${state}`;
  item.tooltip = new MarkdownString(
    [
      `**${name}** ${state}${reason ? ` (${reason})` : ''}`,
      ...(trouble ? [`$(warning) \`${trouble}\``] : []),
      `\`${release}\``,
      `${machine.target}, ${machine.accelerator}${machine.upMs === undefined ? '' : `, up ${duration(machine.upMs)}`}`,
      `\`${machine.directory}\``,
    ].join('\n\n'),
    true,
  );
  item.accessibilityInformation = { label: l10n.t('Machine {0}, {1}, kernel {2}', name, state, release) };
  return item;
}

function snapshotItem({ label, at }: MachineSnapshot): TreeItem {
  const item = leaf(label, 'history', l10n.t('snapshot, {0} old', duration(Date.now() - at)));
  item.contextValue = 'snapshot';
  return item;
}

/** What there is to say of a machine in a line each. */
export function machineFacts(machine: MachineStatus, trouble: string | undefined): MachineNode[] {
  const { cpus, memoryMiB, accelerator, profile, sshPort, reason, forwards } = machine;
  const fact = (icon: string, label: string, text: string): MachineNode => ({ kind: 'fact', icon, label, text });
  const shape = [
    cpus ? l10n.t('{0} CPUs', cpus) : '',
    memoryMiB ? l10n.t('{0} MiB', memoryMiB) : '',
    accelerator,
    profile,
  ];
  return [
    ...(trouble || reason ? [fact('warning', trouble ?? reason ?? '', '')] : []),
    fact('server', 'shape', shape.filter(Boolean).join(' · ')),
    ...(sshPort ? [fact('terminal', 'ssh', `127.0.0.1:${sshPort}`)] : []),
    ...forwards.map(({ host, guest }) => fact('plug', 'forward', `127.0.0.1:${host} → ${guest}`)),
  ];
}
