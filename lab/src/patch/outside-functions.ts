// Which changed lines may change a declaration of the whole file: those that are not certainly inside a function's body.
// In doubt a line counts as outside, which costs time but hides nothing.

import type { Applied } from './apply-patch.ts';

/** 1-based lines of the patched file at which it changes outside function bodies or in preprocessor lines, in order. */
export function changesOutsideFunctions(original: string, { text, changes }: Applied): number[] {
  const before = original.split('\n');
  const after = text.split('\n');
  const outside = (lines: readonly string[], first: number, count: number) =>
    Array.from({ length: count }, (_, index) => first + index).filter((line) => !isBody(lines, line - 1));
  return changes.flatMap(({ oldLine, oldCount, newLine, newCount }) => {
    const added = outside(after, newLine, newCount);
    const deleted = outside(before, oldLine, oldCount);
    return added.length > 0 ? added : deleted.length > 0 ? [newLine] : [];
  });
}

/** Between a function's `{` and its `}`, each in the first column as in all kernel code; never part of a macro. */
function isBody(lines: readonly string[], index: number): boolean {
  const text = lines[index] ?? '';
  if (text.trim() === '') return !lines[index - 1]?.endsWith('\\');
  if (/^\s*#/.test(text) || text.endsWith('\\') || lines[index - 1]?.endsWith('\\')) return false;
  if (startsDeclaration(text)) return false;
  for (let at = index - 1; at >= 0; at -= 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('{')) return opensFunction(lines[at - 1] ?? '');
    if (startsDeclaration(line)) return /^\w.*\)\s*\{$/.test(line) && opensFunction(line.replace(/\s*\{$/, ''));
  }
  return false;
}

/** Something in the first column, unless it is a label or a preprocessor line. */
const startsDeclaration = (line: string) => /^[^\s#]/.test(line) && !/^\w+:\s*(?:\/\*.*\*\/)?$/.test(line);

/** The line before `{` ends a parameter list; one that may as well be `struct __attribute__((x))` counts as none. */
const opensFunction = (line: string) =>
  /\)\s*(?:__\w+\s*)*$/.test(line) && !(recordFirst.test(line) && !/^[^(]*\*/.test(line));

const recordFirst = /^(?:typedef\s+|static\s+|const\s+)*(?:struct|union|enum)\b/;
