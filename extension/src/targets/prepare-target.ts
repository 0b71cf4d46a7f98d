// Makes a target ready to be booted and built for, ahead of its first use.

import { l10n } from 'vscode';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';

/** Returns its kernel release; undefined when it failed or was cancelled. */
export async function prepareTarget(session: Session, named?: string): Promise<string | undefined> {
  const name = named ?? setting('target');
  const act = { title: l10n.t('Preparing {0}', name), equivalent: [['lpl', 'target', 'prepare', name]] as const };
  const prepared = await runAct(session, act, (ctx) => session.lab.prepareTarget(name, ctx));
  if (prepared) session.status.show('check', l10n.t('{0} is prepared', prepared.release));
  return prepared?.release;
}
