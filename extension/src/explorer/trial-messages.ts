// What a trial that did not pass says in the Test Explorer: each reason a message; refusals and compile errors on the line of
// the scenario that names their patch.

import { Location, Position, type TestItem, TestMessage, type Uri } from 'vscode';
import type { TrialSummary } from 'livepatch-lab';

const at = (uri: Uri, line: number): Location => new Location(uri, new Position(Math.max(0, line), 0));

function trial({ uri, range }: TestItem, { verdict, reasons, diagnostics }: TrialSummary): TestMessage[] {
  const told = diagnostics.map(({ rule, file, line, message, hint }) =>
    [`${rule}: ${message}`, hint, file ? `${file}${line ? `:${line}` : ''}` : ''].filter(Boolean).join('\n'),
  );
  const texts = told.length > 0 ? told : reasons.length > 0 ? reasons : [verdict];
  return texts.map((text) => {
    const message = new TestMessage(text);
    if (uri) message.location = at(uri, range?.start.line ?? 0);
    return message;
  });
}

export const messagesOf = { trial, at };
