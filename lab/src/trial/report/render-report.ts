// A judged trial in every format that people and tools read.

import type { Evidence } from '../evidence.ts';
import type { Verdict } from '../verdict.ts';
import { reportPage } from './report-page.ts';
import { trialJunit } from './trial-junit.ts';
import { trialKtap } from './trial-ktap.ts';
import { trialMarkdown } from './trial-markdown.ts';

const renderers = {
  html: reportPage,
  junit: trialJunit,
  ktap: trialKtap,
  markdown: trialMarkdown,
  json: (evidence: Evidence, verdict: Verdict) => `${JSON.stringify({ ...evidence, verdict }, null, 2)}\n`,
} as const;

export type ReportFormat = keyof typeof renderers;
export const reportFormats = Object.keys(renderers) as ReportFormat[];

export function renderReport(format: ReportFormat, evidence: Evidence, verdict: Verdict): string {
  return renderers[format](evidence, verdict);
}
