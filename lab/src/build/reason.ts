// A reason against a livepatch, in the words of its rule.

import type { BuildReason } from './result.ts';
import { rule, type RuleId } from './rules.ts';

/** What a reason says about its place; every other key fills a `{placeholder}` of the rule's message. */
export type ReasonFacts = {
  file?: string | undefined;
  line?: number | undefined;
  function?: string | undefined;
  [placeholder: string]: string | number | undefined;
};

/** A reason for refusal in the words of the rule. */
export function reason(id: RuleId, facts: ReasonFacts = {}): BuildReason {
  const { message, hint } = rule(id);
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, key: string) => String(facts[key] ?? 'unknown'));
  return {
    rule: id,
    ...(facts.file === undefined ? {} : { file: facts.file }),
    ...(facts.line === undefined ? {} : { line: facts.line }),
    ...(facts.function === undefined ? {} : { function: facts.function }),
    message: fill(message),
    hint: fill(hint),
  };
}
