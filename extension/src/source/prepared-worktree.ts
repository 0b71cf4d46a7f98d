// The work tree of a target, made with what it needs when there is none yet.

import { l10n } from 'vscode';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';
import { ensureWorktree, type Worktree } from './worktree.ts';

/** Prepares the target first; undefined when that failed or was cancelled, which the user has been told. */
export async function preparedWorktree(session: Session, target = setting('target')): Promise<Worktree | undefined> {
  const title = l10n.t('Preparing the source of {0}', target);
  const act = { title, equivalent: [['lpl', 'target', 'prepare', target]] as const };
  const prepared = await runAct(session, act, (ctx) => session.lab.prepareTarget(target, ctx));
  if (!prepared) return undefined;
  const { name, release, source: pristine } = prepared;
  return ensureWorktree(session.storage, { name, release, pristine });
}
