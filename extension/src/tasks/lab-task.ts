// What a task of the type `lpl` does: builds the edited source or a patch, runs a trial, runs a matrix. It says what the
// command line would say, and ends with the same exit code.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Argv, lineInPatch, type OpContext } from 'livepatch-lab';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';
import { listWorktrees, type Worktree } from '../source/worktree.ts';
import { writeWorktreePatch } from '../source/worktree-patch.ts';
import { type Problem, problemLines } from './problem-line.ts';

/** As in a `tasks.json`. `file`: absolute; a build without one builds what was edited for its target. */
export type LabTask = { task: 'build' | 'trial' | 'matrix'; file?: string; target?: string };

/** `lines`: what the command line would say, the problems among it. */
export type TaskOutcome = { exitCode: number; lines: string[]; problems: Problem[] };

/** The command line that does the same, and the act. */
export type TaskPlan = { equivalent: Argv; run: (ctx: OpContext) => Promise<TaskOutcome> };

/** Those of `lpl`. */
const exitCodes = { pass: 0, built: 0, fail: 1, failed: 1, refused: 3, inconclusive: 69 } as const;

/** Throws what the user is to be told when the task cannot be done as it is written. */
export async function planTask(session: Session, { task, file, target }: LabTask): Promise<TaskPlan> {
  if (task === 'build') return file ? planPatch(session, file, target) : planEdit(session, target);
  if (!file) throw new Error(`a ${task} task needs a file`);
  return task === 'trial' ? planTrial(session, file, target) : planMatrix(session, file);
}

async function planEdit({ lab, storage }: Session, target = setting('target')): Promise<TaskPlan> {
  const worktree = (await listWorktrees(storage)).find((each) => each.target.name.startsWith(target));
  if (!worktree) throw new Error(`no source of ${target} was edited`);
  const { path, text, name, files } = await writeWorktreePatch(worktree);
  if (text === '') throw new Error(`nothing differs from the source of ${worktree.target.name}`);
  const request = { patch: text, patchName: name, target: worktree.target.name, replace: true };
  const place = (file: string, line = 1) => ({ path: editedPath(worktree, file), line });
  return {
    equivalent: ['lpl', 'build', path, '--target', worktree.target.name],
    run: (ctx) => build({ lab, place, first: files[0]?.path ?? '' }, request, ctx),
  };
}

async function planPatch({ lab }: Session, path: string, target = setting('target')): Promise<TaskPlan> {
  const patch = await readFile(path, 'utf8');
  const place = (file: string, line?: number) => ({ path, line: lineInPatch(patch, file, line) ?? 1 });
  return {
    equivalent: ['lpl', 'build', path, '--target', target],
    run: (ctx) => build({ lab, place, first: '' }, { patch, patchName: basename(path), target, replace: true }, ctx),
  };
}

type Places = Pick<Session, 'lab'> & {
  place: (file: string, line?: number) => { path: string; line: number };
  /** For a reason that names no file. */
  first: string;
};

async function build(
  { lab, place, first }: Places,
  request: Parameters<Session['lab']['build']>[0],
  ctx: OpContext,
): Promise<TaskOutcome> {
  const { verdict, module, functions, reasons } = await lab.build(request, ctx);
  const problems = reasons.map(({ rule, file = first, line, message, hint }): Problem => ({
    ...{ level: 'error', ...place(file, line), message, code: rule, hint },
  }));
  const changed = functions.map(({ name, kind, object }) => `  ${kind === 'new' ? '+' : '~'} ${name} (${object})`);
  const lines = verdict === 'built' ? [`built ${module}`, ...changed] : [verdict, ...problems.flatMap(problemLines)];
  return { exitCode: exitCodes[verdict], lines, problems };
}

function planTrial({ lab }: Session, path: string, target: string | undefined): TaskPlan {
  const named = target ? { target } : {};
  return {
    equivalent: ['lpl', 'trial', path, ...(target ? ['--target', target] : [])],
    run: async (ctx) => {
      const { verdict, reasons, figures, report } = await lab.trial({ scenario: path, ...named }, ctx);
      const bad = verdict === 'pass' ? [] : reasons;
      const problems = bad.map((message): Problem => ({ level: 'error', path, line: 1, message, code: verdict }));
      const lines = [`verdict: ${verdict}`, ...problems.flatMap(problemLines), ...figures, `report: ${report}`];
      return { exitCode: exitCodes[verdict], lines, problems };
    },
  };
}

function planMatrix({ lab }: Session, file: string): TaskPlan {
  return {
    equivalent: ['lpl', 'matrix', file],
    run: async (ctx) => {
      const { verdict, cells, counts, report } = await lab.matrix({ file }, ctx);
      const problems = cells
        .filter(({ asExpected }) => !asExpected)
        .map(({ id, reasons, verdict: code }): Problem => {
          const message = `${id}: ${reasons[0] ?? code}`;
          return { level: 'error', path: file, line: 1, message, code };
        });
      const sum = `verdict: ${verdict}, ${counts.expected} of ${counts.cells - counts.notAffected} as expected`;
      const lines = [...problems.flatMap(problemLines), sum, `report: ${report}`];
      return { exitCode: exitCodes[verdict], lines, problems };
    },
  };
}

function editedPath({ source, target }: Worktree, file: string): string {
  const edited = join(source, file);
  return existsSync(edited) ? edited : join(target.pristine, file);
}
