// Checks, and where it can mends, what the lab needs of this host; the findings go to the log.

import { l10n, window } from 'vscode';
import { runAct } from './run-act.ts';
import type { Session } from '../session.ts';

/** Whether all is well; undefined when we could not find out. */
export async function runDoctor(session: Session): Promise<boolean | undefined> {
  const act = { title: l10n.t('Checking this host'), equivalent: [['lpl', 'doctor', '--fix']] as const };
  const findings = await runAct(session, act, (ctx) => session.lab.doctor({ fix: 'install' }, ctx));
  if (!findings) return undefined;
  for (const { ok, title, said, next } of findings)
    session.log.info(`${ok ? '✔' : '✘'} ${title}: ${said}${next ? ` (${next})` : ''}`);
  const bad = findings.filter(({ ok }) => !ok);
  const button = l10n.t('Show log');
  const said =
    bad.length === 0
      ? window.showInformationMessage(l10n.t('This host has all that Livepatch Lab needs.'), button)
      : window.showWarningMessage(l10n.t('This host lacks: {0}.', bad.map(({ title }) => title).join(', ')), button);
  void said.then((chosen) => chosen === button && session.log.show());
  return bad.length === 0;
}
