// Makes a running kernel behave as the edited source says: what differs from the pristine source is built and takes the
// place of the edit that was live before; when nothing differs any more, that edit is taken out.

import type { Argv, BuildResult, MachineStatus, OpContext, TransitionResult } from 'livepatch-lab';
import type { Session } from '../session.ts';
import type { Worktree } from '../source/worktree.ts';
import { isEdit, type WorktreePatch } from '../source/worktree-patch.ts';

/** `superseded`: ends the act before the kernel is touched, because the source has changed again. */
export type Edit = { worktree: Worktree; patch: WorktreePatch; machine: MachineStatus; superseded?: AbortSignal };

export type AppliedEdit = {
  /** The edit is live now. */
  live: boolean;
  /** Absent when nothing differs. */
  build?: BuildResult;
  /** Absent when there was nothing to load: the build gave no module, or the very same edit is live already. */
  transition?: TransitionResult;
  /** Edits that were taken out because nothing differs any more. */
  removed?: string[];
};

/** A patch that cannot be built and a transition that stalls are results; squiggles are set or cleared. */
export async function applyEdit(session: Session, edit: Edit, ctx: OpContext): Promise<AppliedEdit> {
  return edit.patch.text === '' ? removeEdits(session, edit, ctx) : replaceEdit(session, edit, ctx);
}

async function replaceEdit({ lab, problems }: Session, edit: Edit, ctx: OpContext): Promise<AppliedEdit> {
  const { worktree, patch, machine, superseded } = edit;
  const early = superseded ? { ...ctx, signal: AbortSignal.any([ctx.signal, superseded]) } : ctx;
  const request = { patch: patch.text, patchName: patch.name, target: worktree.target.name, replace: true };
  const [build, earlier] = await Promise.all([lab.build(request, early), enabledLivepatches(lab, machine, early)]);
  early.signal.throwIfAborted();
  await problems.showBuild(worktree, build, patch.files);
  if (!build.module) return { build, live: false };
  if (earlier.includes(build.moduleName)) return { build, live: true };
  const { transition } = await lab.klpLoad({ vm: machine.name, module: build.module }, ctx);
  const live = transition.outcome === 'complete';
  // Atomic replace leaves the modules of earlier edits loaded and idle.
  if (live) for (const module of earlier.filter(isEdit)) await lab.klpUnload({ vm: machine.name, module }, ctx);
  return { build, live, transition };
}

async function removeEdits(
  { lab, problems }: Session,
  { worktree, machine }: Edit,
  ctx: OpContext,
): Promise<AppliedEdit> {
  problems.clearBuild(worktree);
  const removed = (await enabledLivepatches(lab, machine, ctx)).filter(isEdit);
  for (const module of removed) await lab.klpUnload({ vm: machine.name, module }, ctx);
  return { live: false, removed };
}

async function enabledLivepatches({ klpStatus }: Session['lab'], { name }: MachineStatus, ctx: OpContext) {
  return (await klpStatus(name, ctx)).filter(({ enabled }) => enabled).map((patch) => patch.name);
}

/** The command lines that do the same. */
export function equivalentLines({ worktree, patch, machine }: Edit): Argv[] {
  const module = `${patch.name}.ko`;
  if (patch.text === '') return [['lpl', 'klp', 'unload', machine.name, 'livepatch_edit_…']];
  return [
    ['lpl', 'build', patch.path, '--target', worktree.target.name, '--out', module],
    ['lpl', 'klp', 'load', machine.name, module],
  ];
}
