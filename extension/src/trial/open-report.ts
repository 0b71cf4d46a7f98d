// Opens the report of a trial: in a panel of the editor, or in the browser. The report is one self-contained HTML file.

import { readFile } from 'node:fs/promises';
import { env, Uri, ViewColumn, window } from 'vscode';
import type { TrialSummary } from 'livepatch-lab';
import { setting } from '../settings.ts';

/** Panels run no scripts and load nothing: the report is shown, not trusted. */
export async function openReport({ report, verdict }: TrialSummary): Promise<void> {
  if (setting('openReportIn') === 'browser') {
    await env.openExternal(Uri.file(report));
    return;
  }
  const html = await readFile(report, 'utf8');
  const panel = window.createWebviewPanel('livepatchLab.report', `Report: ${verdict}`, ViewColumn.Active, {
    localResourceRoots: [],
  });
  panel.webview.html = html;
}
