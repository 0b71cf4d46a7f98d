// Runs one act of the lab the way every act runs in the editor: progress with cancel, the log, the equivalent command line,
// and an error that says what to do next. A thin view of the events; nothing is decided here.

import { l10n, ProgressLocation, window, workspace } from 'vscode';
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
  /**
   * Cancels it, for an act that somebody else shows and cancels: its progress goes to the status bar item. Without a signal
   * the act has a notification of its own, with a button.
   */
  signal?: AbortSignal;
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
    void window.showWarningMessage(l10n.t('Livepatch Lab builds and runs nothing in an untrusted workspace.'));
    return undefined;
  }
  const name = act.title;
  const equivalent = act.equivalent.map((argv) => showArgv(argv)).join(' && ');
  const operate = (signal: AbortSignal, show: (message: string) => void) =>
    runOperation({ name, ...(equivalent ? { equivalent } : {}), signal, emit: eventSink(session, show) }, body);
  const options = { location: ProgressLocation.Notification, title: name, cancellable: true };
  try {
    if (act.signal)
      return await operate(act.signal, (message) => session.status.busy(l10n.t('livepatch: {0}', message)));
    return await session.withProgress(options, (progress, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort());
      return operate(controller.signal, (message) => progress.report({ message }));
    });
  } catch (error) {
    if (!isLabError(error, 'op.cancelled')) void tell(session, name, error);
    return undefined;
  } finally {
    session.refreshViews();
  }
}

/** Feeds the journal, the log and what shows progress; that at most ten times a second within a stage. */
function eventSink({ log, journal }: Session, show: (message: string) => void): (event: LabEvent) => void {
  let view = emptyOpView;
  let shownAt = 0;
  return (event) => {
    journal(event);
    view = reduceEvent(view, event);
    for (const line of eventLine(event)?.split('\n') ?? []) log.info(line);
    const message = progressMessage(view);
    if (!message || (event.type !== 'stage.start' && event.at - shownAt < messageIntervalMs)) return;
    shownAt = event.at;
    show(message);
  };
}

/** Says what went wrong and what to do next; the stack of a bug goes to the log. */
async function tell({ log, status }: Session, title: string, error: unknown): Promise<void> {
  const { code, message, hint, stack } = asLabError(error);
  log.error(`${title}: ${code}: ${message}`);
  if (code === 'bug') log.error(stack ?? message);
  status.warn(l10n.t('livepatch: {0}', message));
  const button = l10n.t('Show log');
  const chosen = await window.showErrorMessage(
    `${title}: ${message}.${hint ? ` ${l10n.t('Next: {0}.', hint)}` : ''}`,
    button,
  );
  if (chosen === button) log.show();
}
