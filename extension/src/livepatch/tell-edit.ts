// How the outcome of an edit reads: in the status bar, and for what went wrong in a message.

import { l10n } from 'vscode';
import type { BuildResult, MachineStatus, TransitionResult } from 'livepatch-lab';
import type { StatusItem } from '../status-item.ts';
import type { AppliedEdit } from './apply-edit.ts';

/** Says it in the status bar. `ms`: from the save to the last task. */
export function showEdit(status: StatusItem, { name }: MachineStatus, edit: AppliedEdit, ms: number): void {
  const { live, build, transition, removed } = edit;
  const took = `(${(ms / 1000).toFixed(1)} s)`;
  if (removed) {
    if (removed.length > 0) status.show('discard', l10n.t('livepatch: the old code is back in {0} {1}', name, took));
    else status.show('check', l10n.t('livepatch: nothing differs in {0}', name));
  } else if (live) status.show('zap', l10n.t('livepatch: {0} live in {1} {2}', countOf(build), name, took));
  else
    status.warn(
      l10n.t(
        'livepatch: {0}; {1} stays as it was',
        transition ? l10n.t('transition {0}', transition.outcome) : refusalText(build),
        name,
      ),
    );
}

/** One sentence about an edit that is not live though it should be. */
export function whyNotLive({ name }: MachineStatus, { build, transition }: AppliedEdit): string {
  return transition ? stallText(name, transition) : refusalMessage(build);
}

const countOf = (build?: BuildResult) => {
  const count = build?.functions.length ?? 0;
  return count === 1 ? l10n.t('1 function') : l10n.t('{0} functions', count);
};

const refusalText = (build?: BuildResult) =>
  build?.verdict === 'refused' ? l10n.t('refused ({0})', build.reasons[0]?.rule ?? '?') : l10n.t('does not compile');

function refusalMessage(build: BuildResult | undefined): string {
  const reasons = build?.reasons ?? [];
  const more = reasons.length > 1 ? ` ${l10n.t('(and {0} more)', reasons.length - 1)}` : '';
  const why = `${reasons[0]?.message ?? l10n.t('no reason given')}${more}`;
  return build?.verdict === 'refused' ? l10n.t('Refused: {0}', why) : l10n.t('Does not compile: {0}', why);
}

function stallText(name: string, { outcome, stalled }: TransitionResult): string {
  const tasks = stalled.map(({ comm, pid }) => `${comm} (${pid})`).join(', ');
  const what = tasks
    ? l10n.t('The transition did not complete: {0} never left the old code.', tasks)
    : l10n.t('The transition did not complete.');
  const where =
    outcome === 'reversed'
      ? l10n.t('{0} is back in its old state.', name)
      : l10n.t('{0} is stuck between the two.', name);
  return `${what} ${where}`;
}
