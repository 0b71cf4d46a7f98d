// A trial as a list of test cases, for the formats that know nothing else: a case for each check, or for what kept it from
// being checked.

import type { Verdict } from '../verdict.ts';

/** `unknown`: nothing was found out, which is no pass either. */
export type TrialCase = { id: string; title: string; outcome: 'pass' | 'fail' | 'unknown'; said: string };

export function trialCases({ verdict, checks, reasons, expected }: Verdict): TrialCase[] {
  const overall = verdict === 'pass' ? 'pass' : verdict === 'inconclusive' ? 'unknown' : 'fail';
  // What was expected to fail is one case that passed, not many that failed.
  if (expected)
    return [{ id: 'expected', title: `expected ${expected.what}`, outcome: overall, said: reasons.join('\n') }];
  const cases = checks.map(({ id, title, ok, figure }): TrialCase => ({
    id,
    title,
    outcome: ok === undefined ? 'unknown' : ok ? 'pass' : 'fail',
    said: figure,
  }));
  // Refused, not built, or hindered: no check says so.
  const isSaid = overall === 'pass' ? cases.length > 0 : cases.some(({ outcome }) => outcome === overall);
  return isSaid
    ? cases
    : [{ id: verdict, title: `verdict: ${verdict}`, outcome: overall, said: reasons.join('\n') }, ...cases];
}
