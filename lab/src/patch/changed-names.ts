// The names by which other code gets at what changes in a header: its inline functions and macros.

import { codePlace } from './code-place.ts';
import type { Applied } from './apply-patch.ts';

/** Undefined when something else changes as well, which may matter to code that names nothing of it. */
export function changedNames(original: string, { text, changes }: Applied): Set<string> | undefined {
  const [before, after] = [original.split('\n'), text.split('\n')];
  const names = new Set<string>();
  for (const { oldLine, oldCount, newLine, newCount } of changes)
    for (const [lines, first, count] of [
      [before, oldLine, oldCount],
      [after, newLine, newCount],
    ] as const)
      for (let index = first - 1; index < first - 1 + count; index += 1) {
        const name = inlineOrMacro(lines, index);
        if (name === undefined) return undefined;
        if (name) names.add(name);
      }
  return names;
}

/** Name of the inline function or macro that a line is part of; '' for a line that says nothing, undefined for any other. */
export function inlineOrMacro(lines: readonly string[], index: number): string | undefined {
  if ((lines[index] ?? '').trim() === '' && !lines[index - 1]?.endsWith('\\')) return '';
  const place = codePlace(lines, index);
  if (place.kind === 'comment') return '';
  if (place.kind === 'function') return /\binline\b|__always_inline/.test(place.head) ? place.name : undefined;
  if (place.kind !== 'preprocessor') return undefined;
  let start = index;
  while (lines[start - 1]?.endsWith('\\')) start -= 1;
  return /^\s*#\s*define\s+(\w+)/.exec(lines[start] ?? '')?.[1];
}
