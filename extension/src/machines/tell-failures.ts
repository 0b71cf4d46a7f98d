// Says once, without getting in the way, that a machine panicked.

import { type Disposable, l10n, window } from 'vscode';
import { openConsole } from '../terminals/open-terminals.ts';
import type { Session } from '../session.ts';

/** Listens from now on. */
export function tellFailures(session: Session): Disposable {
  return session.news.onDidFail(async ({ machine, text, fatal }) => {
    session.log.error(`${machine}: ${text}`);
    if (!fatal) return;
    session.status.warn(l10n.t('{0} panicked', machine));
    const button = l10n.t('Open console');
    if ((await window.showErrorMessage(`${machine}: ${text}`, button)) === button) await openConsole(session, machine);
  });
}
