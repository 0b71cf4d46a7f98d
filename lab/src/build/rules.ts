// The rules a livepatch can break. Ids, messages and hints live in rules.json, one place for builder, CLI and editor.

import rules from './rules.json' with { type: 'json' };

export type RuleId = keyof typeof rules;

export type Rule = { id: RuleId; /** Short name of what is wrong. */ title: string; message: string; hint: string };

/** The rule with that id. */
export function rule(id: RuleId): Rule {
  return { id, ...rules[id] };
}
