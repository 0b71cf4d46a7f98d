// Placeholder until the builder lands: the rule ids live in one data file.
export type RuleId = string;
