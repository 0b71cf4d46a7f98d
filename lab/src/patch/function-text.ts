// The text of one function's definition.

import { findDefinition } from './find-function.ts';

/** From its head to the brace in the first column that ends it; '' when the text does not define it. */
export function functionText(source: string, name: string): string {
  const start = findDefinition(source, name);
  if (start === undefined) return '';
  const lines = source.split('\n').slice(start - 1);
  const end = lines.findIndex((line) => line.startsWith('}'));
  return lines.slice(0, end < 0 ? lines.length : end + 1).join('\n');
}
