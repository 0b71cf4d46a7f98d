// Runs one act of the lab the way every act runs in the editor: a progress notification with cancel, the log, the
// equivalent command line, and an error that says what to do next. A thin view of the events; nothing is decided here.

import { type Progress, ProgressLocation, window, workspace } from 'vscode';
import {
  type Argv,
  asLabError,
  emptyOpView,
  isLabError,
  type LabEvent,
  type OpContext,
  reduceEvent,
  runOperation,
  showArgv,
} from 'livepatch-lab';
import type { Session } from '../session.ts';
import { eventLine } from './event-line.ts';
import { progressMessage } from './progress-message.ts';

export type Act = {
  title: string;
  /** The command lines that do the same. */
  equivalent: readonly Argv[];
};

const messageIntervalMs = 100;

/** The act's result; undefined when it was cancelled, or failed (the user has been told), or the workspace is not trusted. */
export async function runAct<T>(
  session: Session,
  act: Act,
  body: (ctx: OpContext) => Promise<T>,
): Promise<T | undefined> {
  if (!workspace.isTrusted) {
    session.log.warn(`${act.title}: nothing runs in an untrusted workspace`);
    void window.showWarningMessage('Livepatch Lab builds and runs nothing in an untrusted workspace.');
    return undefined;
  }
  const name = act.title;
  const equivalent = act.equivalent.map((argv) => showArgv(argv)).join(' && ');
  const options = { location: ProgressLocation.Notification, title: name, cancellable: true };
  try {
    return await session.withProgress(options, (progress, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort());
      return runOperation({ name, equivalent, signal: controller.signal, emit: eventSink(session, progress) }, body);
    });
  } catch (error) {
    if (!isLabError(error, 'op.cancelled')) void tell(session, name, error);
    return undefined;
  } finally {
    session.machines.refresh();
  }
}

/** Feeds the journal, the log and the notification; the notification at most ten times a second within a stage. */
function eventSink({ log, journal }: Session, progress: Progress<{ message: string }>): (event: LabEvent) => void {
  let view = emptyOpView;
  let shownAt = 0;
  return (event) => {
    journal(event);
    view = reduceEvent(view, event);
    for (const line of eventLine(event)?.split('\n') ?? []) log.info(line);
    const message = progressMessage(view);
    if (!message || (event.type !== 'stage.start' && event.at - shownAt < messageIntervalMs)) return;
    shownAt = event.at;
    progress.report({ message });
  };
}

/** Says what went wrong and what to do next; the stack of a bug goes to the log. */
async function tell({ log }: Session, title: string, error: unknown): Promise<void> {
  const { code, message, hint, stack } = asLabError(error);
  log.error(`${title}: ${code}: ${message}`);
  if (code === 'bug') log.error(stack ?? message);
  const button = 'Show log';
  const chosen = await window.showErrorMessage(`${title}: ${message}.${hint ? ` Next: ${hint}.` : ''}`, button);
  if (chosen === button) log.show();
}
