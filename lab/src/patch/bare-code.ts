// A line of C without what says nothing to a compiler.

/** The line without comments and the text of strings, its white space single; '' when nothing is left. */
export function bareCode(line: string): string {
  const text = line.trim();
  // A line in the middle of a block comment; a pointer that is written to has no space behind its star.
  if (/^\*(\s|\/|$)/.test(text)) return '';
  return text
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\/\*.*?(\*\/|$)/g, ' ')
    .replace(/\/\/.*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
}
