// Runs a scenario and opens the report of its trial.

import { l10n, type TextDocument, Uri, window } from 'vscode';
import { isLabError, type TrialSummary } from 'livepatch-lab';
import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { openReport } from './open-report.ts';

/** The trial's summary; undefined when the user gave up or we could not find out. */
export async function runTrial(session: Session, scenario?: string): Promise<TrialSummary | undefined> {
  const uri = scenario ? Uri.file(scenario) : await pickScenario();
  if (!uri) return undefined;
  const path = uri.fsPath;
  const act = {
    title: l10n.t('Trial {0}', uri.path.split('/').at(-1) ?? ''),
    equivalent: [['lpl', 'trial', path]] as const,
  };
  session.problems.clear(uri);
  const summary = await runAct(session, act, (ctx) =>
    session.lab.trial({ scenario: path }, ctx).catch((error: unknown) => {
      if (isLabError(error, 'scenario.invalid')) session.problems.showError(uri, error);
      throw error;
    }),
  );
  if (!summary) return undefined;
  session.status.show(summary.verdict === 'pass' ? 'pass' : 'error', l10n.t('trial: {0}', summary.verdict));
  await openReport(summary);
  if (summary.verdict !== 'pass')
    void window.showWarningMessage(l10n.t('Trial: {0}', [summary.verdict, ...summary.reasons].join('; ')));
  return summary;
}

async function pickScenario(): Promise<Uri | undefined> {
  const active = window.activeTextEditor?.document;
  if (active && isYaml(active)) return active.uri;
  const chosen = await window.showOpenDialog({
    title: l10n.t('Scenario to run'),
    filters: { Scenario: ['yaml', 'yml'] },
  });
  return chosen?.[0];
}

function isYaml({ uri, languageId }: TextDocument): boolean {
  return uri.scheme === 'file' && (languageId === 'yaml' || /\.ya?ml$/.test(uri.path));
}
