// From edited source to a changed kernel: the difference to the pristine source becomes a livepatch module, which is
// loaded into a running machine of that target. What stands against it becomes squiggles.

import { window, workspace } from 'vscode';
import type { Argv, BuildResult, TransitionResult, MachineStatus, OpContext } from 'livepatch-lab';
import { pickMachine } from '../machines/pick-machine.ts';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { findWorktree, listWorktrees, type Worktree } from '../source/worktree.ts';
import { isEdit, type WorktreePatch, writeWorktreePatch } from '../source/worktree-patch.ts';

export type BuildAndLoadRequest = { machine?: string };
/** `transition`: absent when there was nothing to load: the build gave no module, or the very same edit is live already. */
export type BuildAndLoadResult = { build: BuildResult; live: boolean; transition?: TransitionResult };

/** What was built and whether it is live now; undefined when there was nothing to do, or we could not find out. */
export async function buildAndLoad(
  session: Session,
  request: BuildAndLoadRequest = {},
): Promise<BuildAndLoadResult | undefined> {
  const worktree = await currentWorktree(session);
  if (!worktree) return say('No working copy of kernel source. Open one with "Livepatch: Open source of target...".');
  const documents = workspace.textDocuments.filter(
    ({ isDirty, fileName }) => isDirty && fileName.startsWith(worktree.source),
  );
  await Promise.all(documents.map((document) => document.save()));
  const patch = await writeWorktreePatch(worktree);
  if (patch.text === '') return say(`Nothing differs from the source of ${worktree.target.name}.`);
  const machine = await machineFor(session, worktree, request.machine);
  if (!machine) return undefined;
  const act = { title: `Livepatching ${machine.name}`, equivalent: equivalentLines(worktree, patch, machine) };
  const started = performance.now();
  const result = await runAct(session, act, (ctx) => perform(session, worktree, patch, machine, ctx));
  if (result) report(session, machine, result, performance.now() - started);
  return result;
}

async function perform(
  { lab, problems }: Session,
  worktree: Worktree,
  patch: WorktreePatch,
  machine: MachineStatus,
  ctx: OpContext,
): Promise<BuildAndLoadResult> {
  const request = { patch: patch.text, patchName: patch.name, target: worktree.target.name, replace: true };
  const build = await lab.build(request, ctx);
  await problems.showBuild(worktree, build, patch.files);
  if (!build.module) return { build, live: false };
  const earlier = (await lab.klpStatus(machine.name, ctx)).filter(({ enabled }) => enabled).map(({ name }) => name);
  if (earlier.includes(build.moduleName)) return { build, live: true };
  const { transition } = await lab.klpLoad({ vm: machine.name, module: build.module }, ctx);
  const live = transition.outcome === 'complete';
  // Atomic replace leaves the modules of earlier edits loaded and idle.
  if (live) for (const module of earlier.filter(isEdit)) await lab.klpUnload({ vm: machine.name, module }, ctx);
  return { build, live, transition };
}

function report(session: Session, machine: MachineStatus, result: BuildAndLoadResult, ms: number): void {
  const { build, live, transition } = result;
  const count = build.functions.length;
  const functions = `${count} ${count === 1 ? 'function' : 'functions'}`;
  if (live) session.status.show('zap', `livepatch: ${functions} live in ${machine.name} (${(ms / 1000).toFixed(1)} s)`);
  else session.status.show('error', `livepatch: ${transition?.outcome ?? build.verdict}`);
  if (live) return;
  void window.showErrorMessage(transition ? stallMessage(machine, transition) : refusalMessage(build));
}

function stallMessage({ name }: MachineStatus, { outcome, stalled }: TransitionResult): string {
  const tasks = stalled.map(({ comm, pid }) => `${comm} (${pid})`).join(', ');
  return `The transition did not complete${tasks ? `: ${tasks} never left the old code` : ''}. ${name} is ${outcome === 'reversed' ? 'back in its old state' : 'stuck between the two'}.`;
}

function refusalMessage({ verdict, reasons }: BuildResult): string {
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  return `${verdict === 'refused' ? 'Refused' : 'Does not compile'}: ${reasons[0]?.message ?? 'no reason given'}${more}`;
}

/** That of the active editor, else the only one. */
async function currentWorktree({ storage }: Session): Promise<Worktree | undefined> {
  const path = window.activeTextEditor?.document.uri.fsPath;
  const active = path === undefined ? undefined : await findWorktree(storage, path);
  if (active) return active;
  const all = await listWorktrees(storage);
  if (all.length <= 1) return all[0];
  const items = all.map((worktree) => ({
    label: worktree.target.name,
    description: worktree.target.release,
    worktree,
  }));
  return (await window.showQuickPick(items, { placeHolder: 'Target whose edited source to build' }))?.worktree;
}

async function machineFor(
  session: Session,
  { target }: Worktree,
  name: string | undefined,
): Promise<MachineStatus | undefined> {
  const fits = (machine: MachineStatus) =>
    machine.state === 'running' && machine.release === target.release && (name === undefined || machine.name === name);
  const machine = await pickMachine(session, 'Machine to livepatch', fits);
  if (!machine)
    return say(
      `No running machine with kernel ${target.release}${name ? ` called ${name}` : ''}: start one in the Machines view.`,
    );
  return machine;
}

function equivalentLines({ target }: Worktree, patch: WorktreePatch, machine: MachineStatus): Argv[] {
  const module = `${patch.name}.ko`;
  return [
    ['lpl', 'build', patch.path, '--target', target.name, '--out', module],
    ['lpl', 'klp', 'load', machine.name, module],
  ];
}

function say(text: string): undefined {
  void window.showInformationMessage(text);
  return undefined;
}
