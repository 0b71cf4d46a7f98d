// The rules a livepatch can break. Ids, messages and hints live in rules.json, one place for lint, builder, CLI and editor.

import rules from './rules.json' with { type: 'json' };

export type RuleId = keyof typeof rules;

/** Error: it cannot be built or would not work. Warning: it may be unsafe, a person must decide. Info: good to know. */
export type RuleLevel = 'error' | 'warning' | 'info';

/** The earliest moment at which the rule can be decided: from the patch alone, with a prepared target, by building. */
export type RuleTier = 'text' | 'target' | 'build';

export type Rule = {
  id: RuleId;
  /** Short name of what is wrong. */
  title: string;
  message: string;
  hint: string;
  level: RuleLevel;
  tier: RuleTier;
};

type Entry = { title: string; message: string; hint: string; level?: string; tier?: string };

/** The rule with that id. What rules.json does not say: it is an error that the build finds. */
export function rule(id: RuleId): Rule {
  const entry: Entry = rules[id];
  return { id, level: 'error', tier: 'build', ...entry } as Rule;
}
