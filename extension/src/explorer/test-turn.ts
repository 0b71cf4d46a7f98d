// What the runs of the Test Explorer share: where they tell, and how what the lab says gets there.

import { type TestItem, TestMessage, type TestRun } from 'vscode';
import { asLabError, type LabEvent } from 'livepatch-lab';
import { eventLine } from '../operations/event-line.ts';
import type { Session } from '../session.ts';
import { messagesOf } from './trial-messages.ts';

export type TestTurn = {
  session: Session;
  run: TestRun;
  /** The kernel to run on, rather than what the file says. */
  target: string | undefined;
  /** The machine stays when the trial has ended. */
  keep?: boolean;
  signal: AbortSignal;
};

/** Output of the run, under the item if there is one. */
export function speaker({ run }: TestTurn, item?: TestItem): (text: string) => void {
  return (text) => run.appendOutput(`${text.replaceAll('\n', '\r\n')}\r\n`, undefined, item);
}

/** Keeps every event, and shows those that people read. */
export function listener({ session }: TestTurn, say: (text: string) => void): (event: LabEvent) => void {
  return (event) => {
    session.journal(event);
    const line = eventLine(event);
    if (line) say(line);
  };
}

/** That we could not find out, on the line that the error names; a cancelled one was skipped. */
export function tellError({ run, signal }: TestTurn, item: TestItem, error: unknown, ms?: number): void {
  if (signal.aborted) return run.skipped(item);
  const { message, hint, details } = asLabError(error);
  const shown = new TestMessage(hint ? `${message}\n${hint}` : message);
  const line = typeof details['line'] === 'number' ? details['line'] - 1 : undefined;
  if (item.uri) shown.location = messagesOf.at(item.uri, line ?? item.range?.start.line ?? 0);
  run.errored(item, shown, ms);
}
