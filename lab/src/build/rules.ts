// The rules a livepatch can break. Ids, messages and hints live in rules.json, one place for builder, CLI and editor.

import rules from './rules.json' with { type: 'json' };
import type { BuildReason } from './result.ts';

export type RuleId = keyof typeof rules;

export type Rule = { id: RuleId; /** Short name of what is wrong. */ title: string; message: string; hint: string };

/** The rule with that id. */
export function rule(id: RuleId): Rule {
  return { id, ...rules[id] };
}

/** What a reason says about its place; every other key fills a `{placeholder}` of the rule's message. */
export type ReasonFacts = {
  file?: string;
  line?: number;
  function?: string;
  [placeholder: string]: string | number | undefined;
};

/** A reason for refusal in the words of the rule. */
export function reason(id: RuleId, facts: ReasonFacts = {}): BuildReason {
  const { message, hint } = rules[id];
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
