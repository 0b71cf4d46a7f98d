// What stands against a patch, as lines for people.

import type { BuildReason } from '../build/result.ts';

/** Where and why with the rule's id, and below it what to do; `label` stands in front. */
export function reasonLines({ rule, file, line, message, hint }: BuildReason, label = ''): string[] {
  // Some messages name their place themselves.
  const where = file && !message.includes(file) ? `${file}${line ? `:${line}` : ''}: ` : '';
  return [`  ${label}${where}${message} [${rule}]`, ...(hint ? [`    ${hint}`] : [])];
}
