// The nodes of the Trials view and how each looks.

import { l10n, MarkdownString, type TreeItem } from 'vscode';
import type { TrialEntry } from 'livepatch-lab';
import { commandIds } from '../contributions.ts';
import { branch, duration, icons, leaf } from '../tree/tree-items.ts';

export type TrialNode = { kind: 'trial'; trial: TrialEntry } | { kind: 'reason'; text: string; good: boolean };

const verdictIcons = {
  pass: icons.good('pass'),
  fail: icons.bad('error'),
  refused: icons.doubtful('circle-slash'),
  inconclusive: icons.doubtful('question'),
} as const;

/** The tree item of a node. */
export function trialTreeItem(node: TrialNode): TreeItem {
  if (node.kind === 'trial') return trialItem(node.trial);
  return leaf(node.text, node.good ? icons.good('check') : icons.doubtful('dash'));
}

function trialItem(trial: TrialEntry): TreeItem {
  const { title, id, state, verdict, reasons, report, target } = trial;
  const icon = verdict ? verdictIcons[verdict] : state === 'running' ? 'sync~spin' : 'circle-outline';
  const label = title ?? id;
  const item = reasons.length > 0 ? branch(label, icon, 'closed') : leaf(label, icon);
  item.id = `trial/${id}`;
  item.description = [verdict ?? state, whenOf(trial)].filter(Boolean).join(' · ');
  item.contextValue = `trial.${state}${trial.scenario ? '.scenario' : ''}`;
  item.tooltip = new MarkdownString(
    [`**${label}** ${verdict ?? state}`, ...(target ? [`\`${target}\``] : []), `\`${trial.directory}\``].join('\n\n'),
  );
  item.accessibilityInformation = { label: l10n.t('Trial {0}, {1}', label, verdict ?? state) };
  if (report)
    item.command = { title: l10n.t('Open report'), command: commandIds.openTrialReport, arguments: [node(trial)] };
  return item;
}

const node = (trial: TrialEntry): TrialNode => ({ kind: 'trial', trial });

function whenOf({ startedAt, endedAt }: TrialEntry): string {
  if (startedAt === undefined) return '';
  const took = endedAt === undefined ? '' : l10n.t(', took {0}', duration(endedAt - startedAt));
  return l10n.t('{0} ago{1}', duration(Date.now() - startedAt), took);
}
