// Tasks of the type `lpl`: what there is to be built or run in this workspace, and what a tasks.json asks for.

import {
  CustomExecution,
  type Disposable,
  l10n,
  Task,
  type TaskDefinition,
  TaskGroup,
  tasks,
  TaskScope,
  workspace,
} from 'vscode';
import { taskType } from '../contributions.ts';
import { matrixTitle, scenarioTitle } from '../explorer/scenario-title.ts';
import type { Session } from '../session.ts';
import { listWorktrees } from '../source/worktree.ts';
import { changedFiles } from '../source/worktree-patch.ts';
import type { LabTask } from './lab-task.ts';
import { taskTerminal } from './task-terminal.ts';

const matchers = ['$lpl', '$kernel'];
const most = 100;

/** Registers their provider. */
export function registerLabTasks(session: Session): Disposable {
  return tasks.registerTaskProvider(taskType, {
    provideTasks: async () =>
      workspace.isTrusted ? [...(await edited(session)), ...(await ofWorkspace(session))] : [],
    resolveTask: ({ definition, name, scope }) => {
      const words = definition as TaskDefinition & LabTask;
      return ['build', 'trial', 'matrix'].includes(words.task) ? taskOf(session, words, name, scope) : undefined;
    },
  });
}

function taskOf(
  session: Session,
  definition: TaskDefinition & LabTask,
  name: string,
  scope: Task['scope'] = TaskScope.Workspace,
): Task {
  const execution = new CustomExecution((resolved) =>
    Promise.resolve(taskTerminal(session, resolved as TaskDefinition & LabTask)),
  );
  const task = new Task(definition, scope, name, 'lpl', execution, matchers);
  task.group = definition.task === 'build' ? TaskGroup.Build : TaskGroup.Test;
  return task;
}

/** One for each target whose source was edited. */
async function edited(session: Session): Promise<Task[]> {
  const all = await Promise.all(
    (await listWorktrees(session.storage)).map(async (worktree) => {
      const { name: target, release } = worktree.target;
      const isEdited = (await changedFiles(worktree)).length > 0;
      const definition = { type: taskType, task: 'build', target } as const;
      return isEdited ? [taskOf(session, definition, l10n.t('build my changes to {0}', release))] : [];
    }),
  );
  return all.flat();
}

/** One for each scenario, matrix and patch file. */
async function ofWorkspace(session: Session): Promise<Task[]> {
  const found = await workspace.findFiles('**/*.{yaml,yml,patch}', '**/{node_modules,dist,.git}/**', most);
  const all = found.map(async (uri) => {
    const { fsPath: file } = uri;
    const at = workspace.asRelativePath(uri);
    const of = (task: LabTask['task'], name: string) => [taskOf(session, { type: taskType, task, file }, name)];
    if (file.endsWith('.patch')) return of('build', l10n.t('build {0}', at));
    const text = Buffer.from(await workspace.fs.readFile(uri)).toString();
    if (matrixTitle(text) !== undefined) return of('matrix', l10n.t('matrix {0}', at));
    return scenarioTitle(text) === undefined ? [] : of('trial', l10n.t('trial {0}', at));
  });
  return (await Promise.all(all)).flat();
}
