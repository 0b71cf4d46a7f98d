// What `lpl report` does: renders a judged trial, writes it where it is wanted, opens it.

import { isLabError, LabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import { runCommand } from '../core/process.ts';
import { writeWhole } from '../core/store.ts';
import { readTrial } from './read-trial.ts';
import { renderReport, type ReportFormat } from './report/render-report.ts';
import type { Verdict } from './verdict.ts';

export type ReportRequest = {
  /** As `readTrial` takes it. */
  trial: string;
  format?: ReportFormat;
  /** A file for it, instead of handing it back; HTML unless there is a format. */
  out?: string;
  /** Opens the HTML report in the user's browser. */
  open?: boolean;
};

/** `report`: path of the HTML report; `content`: in the format asked for, unless it was written to a file. */
export type ReportOutcome = { report: string; verdict: Verdict['verdict']; content?: string };

/** Throws `usage.invalid` for a trial there is not, `command.not-found` without a browser. */
export async function reportTrial(paths: LabPaths, request: ReportRequest, ctx: OpContext): Promise<ReportOutcome> {
  const { evidence, verdict, report } = await readTrial(paths, request.trial);
  // Drawn by the lab as it is now; the evidence is what was kept.
  await writeWhole(report, renderReport('html', evidence, verdict));
  if (request.open) await openInBrowser(report, ctx);
  const outcome = { report, verdict: verdict.verdict };
  const { out, format = out === undefined ? undefined : 'html' } = request;
  if (format === undefined) return outcome;
  const content = renderReport(format, evidence, verdict);
  if (out === undefined) return { ...outcome, content };
  await writeWhole(out, content);
  return outcome;
}

async function openInBrowser(path: string, { signal }: OpContext): Promise<void> {
  try {
    await runCommand({ argv: ['xdg-open', path] }, { signal, timeoutMs: 20_000 });
  } catch (error) {
    if (!isLabError(error, 'command.not-found')) throw error;
    throw new LabError('command.not-found', 'there is no xdg-open on this machine', {
      cause: error,
      hint: `open ${path} in a browser`,
    });
  }
}
