// The nodes of the Livepatches view, as the kernel nests them: klp_patch, klp_object, klp_func; and of a transition the
// tasks that hold it back, with their stacks.

import { l10n, MarkdownString, type TreeItem } from 'vscode';
import type { KlpPatch, MachineStatus, StalledTask, TransitionState } from 'livepatch-lab';
import { commandIds } from '../contributions.ts';
import { branch, icons, leaf } from '../tree/tree-items.ts';

type KlpObject = KlpPatch['objects'][number];

export type LivepatchNode =
  | { kind: 'livepatch'; machine: MachineStatus; patch: KlpPatch }
  | { kind: 'transition'; state: TransitionState }
  | { kind: 'task'; task: StalledTask }
  | { kind: 'frame'; text: string }
  | { kind: 'object'; machine: MachineStatus; object: KlpObject }
  | { kind: 'function'; machine: MachineStatus; object: string; name: string };

/** The tree item of a node. */
export function livepatchTreeItem(node: LivepatchNode): TreeItem {
  switch (node.kind) {
    case 'livepatch':
      return livepatchItem(node.patch);
    case 'transition':
      return transitionItem(node.state);
    case 'task':
      return taskItem(node.task);
    case 'frame':
      return leaf(node.text, 'dash');
    case 'object':
      return objectItem(node.object);
    case 'function':
      return functionItem(node);
  }
}

function livepatchItem({ name, enabled, transition, replace, stackOrder }: KlpPatch): TreeItem {
  const icon = transition ? icons.doubtful('sync') : enabled ? icons.good('zap') : 'circle-slash';
  const item = branch(name, icon, 'open');
  item.id = `livepatch/${name}`;
  item.description = transition ? l10n.t('in transition') : enabled ? 'live' : 'disabled';
  item.contextValue = `livepatch.${transition ? 'transition' : enabled ? 'enabled' : 'disabled'}`;
  const facts = [
    `**${name}** ${item.description}`,
    ...(replace === undefined
      ? []
      : [replace ? l10n.t('replaces all before it') : l10n.t('stacked on those before it')]),
    ...(stackOrder === undefined ? [] : [l10n.t('stack order {0}', stackOrder)]),
  ];
  item.tooltip = new MarkdownString(facts.join('\n\n'));
  return item;
}

function transitionItem({ direction, tasks, behind }: TransitionState): TreeItem {
  const item = branch(direction, icons.doubtful('sync~spin'), behind.length > 0 ? 'open' : 'closed');
  const total = tasks.patched + tasks.unpatched;
  const reached = direction === 'patching' ? tasks.patched : tasks.unpatched;
  item.description = l10n.t('{0} of {1} tasks, {2} to go', reached, total, total - reached);
  item.tooltip = l10n.t('patch_state 1: {0} · 0: {1} · -1: {2}', tasks.patched, tasks.unpatched, tasks.idle);
  return item;
}

function taskItem({ comm, pid, state, stack }: StalledTask): TreeItem {
  const item = branch(`${comm} (${pid})`, icons.doubtful('debug-pause'), 'closed');
  item.description = `${state}${stack[0] ? ` in ${stack[0]}` : ''}`;
  item.tooltip = new MarkdownString().appendCodeblock(stack.join('\n'), 'text');
  return item;
}

function objectItem({ name, patched, functions }: KlpObject): TreeItem {
  const item = branch(name, name === 'vmlinux' ? 'chip' : 'package', 'open');
  item.description = `${patched ? 'patched' : l10n.t('not loaded yet')} · ${functions.length} ${functions.length === 1 ? 'function' : 'functions'}`;
  return item;
}

function functionItem(node: LivepatchNode & { kind: 'function' }): TreeItem {
  const item = leaf(node.name, 'symbol-method');
  item.tooltip = l10n.t('Open its source');
  item.contextValue = 'function';
  item.command = { title: l10n.t('Open its source'), command: commandIds.openFunction, arguments: [node] };
  return item;
}
