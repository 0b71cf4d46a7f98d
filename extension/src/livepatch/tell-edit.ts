// How the outcome of an edit reads: in the status bar, and for what went wrong in a message.

import type { BuildResult, MachineStatus, TransitionResult } from 'livepatch-lab';
import type { StatusItem } from '../status-item.ts';
import type { AppliedEdit } from './apply-edit.ts';

/** Says it in the status bar. `ms`: from the save to the last task. */
export function showEdit(status: StatusItem, { name }: MachineStatus, edit: AppliedEdit, ms: number): void {
  const { live, build, transition, removed } = edit;
  const took = `(${(ms / 1000).toFixed(1)} s)`;
  if (removed) {
    if (removed.length > 0) status.show('discard', `livepatch: the old code is back in ${name} ${took}`);
    else status.show('check', `livepatch: nothing differs in ${name}`);
  } else if (live) status.show('zap', `livepatch: ${countOf(build)} live in ${name} ${took}`);
  else
    status.warn(
      `livepatch: ${transition ? `transition ${transition.outcome}` : refusalText(build)}; ${name} stays as it was`,
    );
}

/** One sentence about an edit that is not live though it should be. */
export function whyNotLive({ name }: MachineStatus, { build, transition }: AppliedEdit): string {
  return transition ? stallText(name, transition) : refusalMessage(build);
}

const countOf = (build?: BuildResult) => {
  const count = build?.functions.length ?? 0;
  return `${count} ${count === 1 ? 'function' : 'functions'}`;
};

const refusalText = (build?: BuildResult) =>
  build?.verdict === 'refused' ? `refused (${build.reasons[0]?.rule ?? '?'})` : 'does not compile';

function refusalMessage(build: BuildResult | undefined): string {
  const reasons = build?.reasons ?? [];
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  return `${build?.verdict === 'refused' ? 'Refused' : 'Does not compile'}: ${reasons[0]?.message ?? 'no reason given'}${more}`;
}

function stallText(name: string, { outcome, stalled }: TransitionResult): string {
  const tasks = stalled.map(({ comm, pid }) => `${comm} (${pid})`).join(', ');
  const blame = tasks ? `: ${tasks} never left the old code` : '';
  return `The transition did not complete${blame}. ${name} is ${outcome === 'reversed' ? 'back in its old state' : 'stuck between the two'}.`;
}
