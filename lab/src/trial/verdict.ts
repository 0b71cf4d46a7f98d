// From evidence to a verdict: a pure function. False green is the worst defect, so a check passes only on positive
// evidence; what was not seen is unknown, and unknown is never a pass (DESIGN 4.1, 4.2).

import { behaviourChecks } from './behaviour-checks.ts';
import type { Check } from './check.ts';
import type { Evidence } from './evidence.ts';
import { uptimeChecks } from './uptime-checks.ts';

export type Verdict = {
  verdict: 'pass' | 'fail' | 'refused' | 'inconclusive';
  /** Why, most important first; for a pass, what supports it. */
  reasons: string[];
  checks: Check[];
};

export function judgeEvidence(evidence: Evidence): Verdict {
  const refusals = evidence.patches.flatMap(({ build }) => (build.verdict === 'refused' ? build.reasons : []));
  if (refusals.length > 0)
    return { verdict: 'refused', checks: [], reasons: refusals.map(({ rule, message }) => `${rule}: ${message}`) };
  const failures = evidence.patches.flatMap(({ build }) => (build.verdict === 'failed' ? build.reasons : []));
  if (failures.length > 0) {
    return { verdict: 'fail', checks: [], reasons: failures.map(({ message }) => message) };
  }
  const checks = [...uptimeChecks(evidence), ...behaviourChecks(evidence)];
  const failed = checks.filter(({ ok }) => ok === false);
  const unknown = checks.filter(({ ok }) => ok === undefined);
  const show = ({ title, figure }: Check) => `${title}: ${figure}`;
  // What a dying machine leaves behind (lost requests, a silent witness) is no evidence against the livepatch, but what
  // the kernel itself complained of is.
  const { hindrance } = evidence;
  if (hindrance && !failed.some(({ id }) => saysTheKernel.has(id)))
    return {
      verdict: 'inconclusive',
      checks,
      reasons: [`${hindrance.stage}: ${hindrance.message} (${hindrance.culprit} can act)`],
    };
  if (failed.length > 0) return { verdict: 'fail', checks, reasons: failed.map(show) };
  if (unknown.length > 0) return { verdict: 'inconclusive', checks, reasons: unknown.map(show) };
  return { verdict: 'pass', checks, reasons: checks.map(show) };
}

const saysTheKernel = new Set(['kernel-log', 'load', 'transition', 'behaviour']);
