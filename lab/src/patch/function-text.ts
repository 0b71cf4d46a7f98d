// The text of one function's definition.

import { findDefinition } from './find-function.ts';

/** From its head to the brace in the first column that ends it; '' when the text does not define it. */
export function functionText(source: string, name: string): string {
  const found = findDefinition(source, name);
  if (found === undefined) return '';
  const all = source.split('\n');
  // The type may stand on a line of its own.
  const start =
    all[found - 1]?.startsWith(name) && /^[A-Za-z_][\w\s*]*$/.test(all[found - 2] ?? '') ? found - 1 : found;
  const lines = all.slice(start - 1);
  const end = lines.findIndex((line) => line.startsWith('}'));
  return lines.slice(0, end < 0 ? lines.length : end + 1).join('\n');
}
