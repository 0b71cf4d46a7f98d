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
import { createTaskProblems, type TaskProblems } from './task-problems.ts';
import { taskTerminal } from './task-terminal.ts';

const most = 100;
/** A task shows what it found itself; without any VS Code would ask which matcher is to read its terminal. */
const noMatchers: string[] = [];

/** What every task needs. */
type Ground = { session: Session; problems: TaskProblems };

/** Registers their provider. */
export function registerLabTasks(session: Session): Disposable {
  const problems = createTaskProblems();
  const ground = { session, problems };
  const provider = tasks.registerTaskProvider(taskType, {
    provideTasks: async () => (workspace.isTrusted ? [...(await edited(ground)), ...(await ofWorkspace(ground))] : []),
    resolveTask: ({ definition, name, scope }) => {
      const words = definition as TaskDefinition & LabTask;
      return ['build', 'trial', 'matrix'].includes(words.task) ? taskOf(ground, words, name, scope) : undefined;
    },
  });
  return { dispose: () => [provider, problems].forEach((part) => void part.dispose()) };
}

function taskOf(
  { session, problems }: Ground,
  definition: TaskDefinition & LabTask,
  name: string,
  scope: Task['scope'] = TaskScope.Workspace,
): Task {
  const execution = new CustomExecution((resolved) =>
    Promise.resolve(taskTerminal(session, problems, resolved as TaskDefinition & LabTask)),
  );
  const task = new Task(definition, scope, name, 'lpl', execution, noMatchers);
  task.group = definition.task === 'build' ? TaskGroup.Build : TaskGroup.Test;
  return task;
}

/** One for each target whose source was edited. */
async function edited(ground: Ground): Promise<Task[]> {
  const all = await Promise.all(
    (await listWorktrees(ground.session.storage)).map(async (worktree) => {
      const { name: target, release } = worktree.target;
      const isEdited = (await changedFiles(worktree)).length > 0;
      const definition = { type: taskType, task: 'build', target } as const;
      return isEdited ? [taskOf(ground, definition, l10n.t('build my changes to {0}', release))] : [];
    }),
  );
  return all.flat();
}

/** One for each scenario, matrix and patch file. */
async function ofWorkspace(ground: Ground): Promise<Task[]> {
  const found = await workspace.findFiles('**/*.{yaml,yml,patch}', '**/{node_modules,dist,.git}/**', most);
  const all = found.map(async (uri) => {
    const { fsPath: file } = uri;
    const at = workspace.asRelativePath(uri);
    const of = (task: LabTask['task'], name: string) => [taskOf(ground, { type: taskType, task, file }, name)];
    if (file.endsWith('.patch')) return of('build', l10n.t('build {0}', at));
    const text = Buffer.from(await workspace.fs.readFile(uri)).toString();
    if (matrixTitle(text) !== undefined) return of('matrix', l10n.t('matrix {0}', at));
    return scenarioTitle(text) === undefined ? [] : of('trial', l10n.t('trial {0}', at));
  });
  return (await Promise.all(all)).flat();
}
