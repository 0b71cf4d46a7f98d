// The trial that a command is about.

import { l10n, window } from 'vscode';
import type { Session } from '../session.ts';

/** Directory of one that the user picks. */
export async function pickTrial({ lab }: Session): Promise<string | undefined> {
  const items = (await lab.trialList(50)).map(({ id, title, verdict, state, directory }) => ({
    label: title ?? id,
    description: verdict ?? state,
    detail: id,
    directory,
  }));
  return (await window.showQuickPick(items, { placeHolder: l10n.t('Trial') }))?.directory;
}

/** Path of the scenario that a trial ran, when it is known. */
export async function scenarioOf({ lab }: Session, directory: string): Promise<string | undefined> {
  return (await lab.trialList(1000)).find((trial) => trial.directory === directory)?.scenario;
}
