// From evidence to a verdict: a pure function. False green is the worst defect, so a check passes only on positive
// evidence; what was not seen is unknown, and unknown is never a pass (DESIGN 4.1, 4.2).

import { behaviourChecks } from './behaviour-checks.ts';
import { budgetChecks } from './budget-checks.ts';
import type { Check } from './check.ts';
import type { Evidence } from './evidence.ts';
import { expectationWords, isExpected, readExpectation } from './expectation.ts';
import type { ScenarioFile } from './scenario-schema.ts';
import { selftestChecks } from './selftests/selftest-checks.ts';
import { uptimeChecks } from './uptime-checks.ts';
import { workloadChecks } from './workload-checks.ts';

type Expectation = ScenarioFile['expect'];

export type Verdict = {
  verdict: 'pass' | 'fail' | 'refused' | 'inconclusive';
  /** Why, most important first; for a pass, what supports it. */
  reasons: string[];
  checks: Check[];
  /** When the scenario expects something else than a pass: what, and what the machine's own verdict was. */
  expected?: { what: string; found: Verdict['verdict'] };
};

/** The answer to the scenario's question: a pass when what it expects is what came of it. */
export function judgeEvidence(evidence: Evidence): Verdict {
  const found = judgeTrial(evidence);
  const { expect = 'pass' } = evidence;
  return expect === 'pass' ? found : meetExpectation(found, expect);
}

function meetExpectation(found: Verdict, expect: Exclude<Expectation, 'pass'>): Verdict {
  const expectation = readExpectation(expect);
  const what = expectationWords(expectation);
  const expected = { what, found: found.verdict };
  if (found.verdict === 'inconclusive') return { ...found, expected };
  const isMet = isExpected(expectation, found);
  const reasons = isMet ? found.reasons : [`expected ${what}, came out as ${found.verdict}`, ...found.reasons];
  return { ...found, verdict: isMet ? 'pass' : 'fail', reasons, expected };
}

function judgeTrial(evidence: Evidence): Verdict {
  const refusals = evidence.patches.flatMap(({ build }) => (build.verdict === 'refused' ? build.reasons : []));
  if (refusals.length > 0)
    return { verdict: 'refused', checks: [], reasons: refusals.map(({ rule, message }) => `${rule}: ${message}`) };
  const failures = evidence.patches.flatMap(({ build }) => (build.verdict === 'failed' ? build.reasons : []));
  if (failures.length > 0) {
    return { verdict: 'fail', checks: [], reasons: failures.map(({ message }) => message) };
  }
  const checks = [
    ...uptimeChecks(evidence),
    ...(evidence.run ? workloadChecks(evidence.run) : []),
    ...behaviourChecks(evidence),
    ...selftestChecks(evidence),
    ...budgetChecks(evidence),
  ];
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
      reasons: [`${hindrance.stage}: ${hindrance.message} (${whoActs[hindrance.culprit]})`],
    };
  if (failed.length > 0) return { verdict: 'fail', checks, reasons: failed.map(show) };
  if (unknown.length > 0) return { verdict: 'inconclusive', checks, reasons: unknown.map(show) };
  return { verdict: 'pass', checks, reasons: checks.map(show) };
}

const whoActs = {
  user: 'you can act',
  host: 'host can act',
  guest: 'guest can act',
  us: 'a fault of the lab',
} as const;
const saysTheKernel = new Set(['kernel-log', 'guest-ended', 'load', 'transition', 'behaviour', 'selftest']);
