// The terminal of a task: the command line that does the same, what goes on, what came of it. Closing it cancels.

import { setTimeout as sleep } from 'node:timers/promises';
import { EventEmitter, l10n, type Pseudoterminal, workspace } from 'vscode';
import { asLabError, runOperation, showArgv } from 'livepatch-lab';
import { eventLine } from '../operations/event-line.ts';
import type { Session } from '../session.ts';
import { type LabTask, planTask } from './lab-task.ts';
import { problemLines } from './problem-line.ts';

const drawnMs = 1_000;
const exitCodes = { usage: 2, unknown: 69, cancelled: 130 };

/** Runs the task when the terminal opens. */
export function taskTerminal(session: Session, task: LabTask): Pseudoterminal {
  const written = new EventEmitter<string>();
  const closed = new EventEmitter<number>();
  const over = new AbortController();
  const say = (text: string) => written.fire(`${text.replaceAll('\n', '\r\n')}\r\n`);
  const run = async (): Promise<number> => {
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
    const { exitCode, lines } = await runOperation(options, (ctx) => plan.run(ctx));
    lines.forEach(say);
    return exitCode;
  };
  const fail = (error: unknown): number => {
    if (over.signal.aborted) return exitCodes.cancelled;
    const { message, hint, code, culprit, details } = asLabError(error);
    const line = typeof details['line'] === 'number' ? details['line'] : 1;
    const lines = task.file
      ? problemLines({ level: 'error', path: task.file, line, message, code, hint })
      : [l10n.t('error: {0}', message), ...(hint ? [`  ${hint}`] : [])];
    lines.forEach(say);
    return culprit === 'user' ? exitCodes.usage : exitCodes.unknown;
  };
  return {
    onDidWrite: written.event,
    onDidClose: closed.event,
    open: () =>
      void run()
        .catch(fail)
        .then(async (exitCode) => {
          // VS Code stops reading problems 0.1 s after the end, whether or not its terminal has drawn the last lines.
          if (exitCode !== 0) await sleep(drawnMs);
          session.refreshViews();
          closed.fire(exitCode);
        }),
    close: () => over.abort(),
  };
}
