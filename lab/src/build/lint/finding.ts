// One thing the lint has to say, in the shape of a reason of the builder, with how serious it is.

import { reason, type ReasonFacts } from '../reason.ts';
import type { BuildReason } from '../result.ts';
import { rule, type RuleId, type RuleLevel } from '../rules.ts';

export type LintFinding = BuildReason & { level: RuleLevel };

/** A finding in the words of the rule. */
export function finding(id: RuleId, facts: ReasonFacts): LintFinding {
  return withLevel(reason(id, facts));
}

/** A reason of the builder as a finding. */
export function withLevel(given: BuildReason): LintFinding {
  return { ...given, level: rule(given.rule).level };
}
