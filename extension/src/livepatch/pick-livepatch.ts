// The livepatch that a command is about.

import { l10n, window } from 'vscode';
import type { Request } from '../request.ts';
import type { Session } from '../session.ts';
import { question } from '../tree/question.ts';
import type { LivepatchRequest } from './livepatch-acts.ts';
import { selectedMachine } from './livepatches-view.ts';

/** The one named, else one of the selected machine that the user picks. */
export async function pickLivepatch(
  { lab, selection }: Session,
  request: Request,
): Promise<LivepatchRequest | undefined> {
  const machine = request.machine ?? (await selectedMachine(lab, selection))?.name;
  if (!machine) return undefined;
  if (request.module) return { machine, module: request.module };
  const names = (await lab.klpStatus(machine, question())).map(({ name }) => name);
  const module = await window.showQuickPick(names, { placeHolder: l10n.t('Livepatch of {0}', machine) });
  return module === undefined ? undefined : { machine, module };
}
