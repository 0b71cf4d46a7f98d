// Opens the report of a trial: in a panel of the editor, or in the browser. The report is one self-contained HTML file.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ColorTheme, ColorThemeKind, env, l10n, Uri, ViewColumn, window } from 'vscode';
import { setting } from '../settings.ts';

/** Panels run no scripts and load nothing: the report is shown, not trusted. */
export async function openReport({ report, verdict }: { report: string; verdict: string }): Promise<void> {
  if (setting('openReportIn') === 'browser') {
    await env.openExternal(Uri.file(report));
    return;
  }
  const html = await readFile(report, 'utf8');
  const panel = window.createWebviewPanel('livepatchLab.report', l10n.t('Report: {0}', verdict), ViewColumn.Active, {
    localResourceRoots: [],
  });
  const show = ({ kind }: ColorTheme) => {
    panel.webview.html = inTheme(html, kind);
  };
  show(window.activeColorTheme);
  const listener = window.onDidChangeActiveColorTheme(show);
  panel.onDidDispose(() => void listener.dispose());
}

/** The report asks the system whether it is dark; in the editor it is as the editor is, and light in print. */
function inTheme(html: string, kind: ColorThemeKind): string {
  const isDark = kind === ColorThemeKind.Dark || kind === ColorThemeKind.HighContrast;
  return html.replace('(prefers-color-scheme:dark)', isDark ? 'screen' : 'speech');
}

/** The report of the trial in that directory. */
export async function openTrialReport(directory: string): Promise<void> {
  const text = await readFile(join(directory, 'verdict.json'), 'utf8').catch(() => undefined);
  if (text === undefined)
    return void window.showInformationMessage(l10n.t('That trial has no report: it did not end.'));
  const { verdict } = JSON.parse(text) as { verdict: string };
  await openReport({ report: join(directory, 'report.html'), verdict });
}
