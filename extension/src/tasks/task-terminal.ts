// The terminal of a task: the command line that does the same, what goes on, what came of it. Closing it cancels.

import { EventEmitter, l10n, type Pseudoterminal, workspace } from 'vscode';
import { asLabError, runOperation, showArgv } from 'livepatch-lab';
import { eventLine } from '../operations/event-line.ts';
import type { Session } from '../session.ts';
import { type LabTask, planTask } from './lab-task.ts';
import { problemLines } from './problem-line.ts';
import type { TaskProblems } from './task-problems.ts';

const exitCodes = { usage: 2, unknown: 69, cancelled: 130 };

/** Runs the task when the terminal opens. */
export function taskTerminal(session: Session, shown: TaskProblems, task: LabTask): Pseudoterminal {
  const written = new EventEmitter<string>();
  const closed = new EventEmitter<number>();
  const over = new AbortController();
  const say = (text: string) => written.fire(`${text.replaceAll('\n', '\r\n')}\r\n`);
  const run = async (): Promise<number> => {
    shown.show(task, []);
    if (!workspace.isTrusted) throw new Error(l10n.t('nothing runs in an untrusted workspace'));
    const plan = await planTask(session, task);
    const equivalent = showArgv(plan.equivalent);
    say(`$ ${equivalent}`);
    const emit: Parameters<typeof runOperation>[0]['emit'] = (event) => {
      session.journal(event);
      const line = event.type === 'op.start' ? undefined : eventLine(event);
      if (line) say(line);
    };
    const options = { name: `Task ${task.task}`, equivalent, signal: over.signal, emit };
    const { exitCode, lines, problems } = await runOperation(options, (ctx) => plan.run(ctx));
    shown.show(task, problems);
    lines.forEach(say);
    return exitCode;
  };
  const fail = (error: unknown): number => {
    if (over.signal.aborted) return exitCodes.cancelled;
    const { message, hint, code, culprit, details } = asLabError(error);
    const line = typeof details['line'] === 'number' ? details['line'] : 1;
    const problems = task.file ? [{ level: 'error' as const, path: task.file, line, message, code, hint }] : [];
    const said = [l10n.t('error: {0}', message), ...(hint ? [`  ${hint}`] : [])];
    shown.show(task, problems);
    (task.file ? problems.flatMap(problemLines) : said).forEach(say);
    return culprit === 'user' ? exitCodes.usage : exitCodes.unknown;
  };
  return {
    onDidWrite: written.event,
    onDidClose: closed.event,
    open: () =>
      void run()
        .catch(fail)
        .then((exitCode) => {
          session.refreshViews();
          closed.fire(exitCode);
        }),
    close: () => over.abort(),
  };
}
