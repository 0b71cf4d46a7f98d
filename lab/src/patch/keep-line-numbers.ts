// Keeps __LINE__ of unchanged code as it was. WARN, BUG and FORTIFY put line numbers into machine code, so a patch that
// adds a line would "change" every such function below it; a `#line` after each change undoes the shift.

import type { Applied } from './apply-patch.ts';

/** The patched text with `#line` directives. Line numbers of compiler messages then mean the unpatched file. */
export function keepLineNumbers({ text, changes }: Applied): string {
  const lines = text.split('\n');
  const out: string[] = [];
  const pending = changes.filter(({ oldCount, newCount }) => oldCount !== newCount);
  let shift = 0;
  let owed = false;
  for (const [index, line] of lines.entries()) {
    while (pending[0] && index + 1 >= pending[0].newLine + pending[0].newCount) {
      const change = pending.shift() as (typeof pending)[number];
      shift += change.newCount - change.oldCount;
      owed = true;
    }
    const inChange = pending[0] !== undefined && index + 1 >= pending[0].newLine;
    if (owed && !inChange && isStatementBorder(lines[index - 1], line)) {
      out.push(`#line ${index + 1 - shift}`);
      owed = false;
    }
    out.push(line);
  }
  return out.join('\n');
}

/** A directive may stand between these lines: not inside a statement, a comment or a macro's continuation. */
function isStatementBorder(before: string | undefined, after: string): boolean {
  const end = before?.trim() ?? '';
  if (end.endsWith('\\') || after.trimStart().startsWith('*')) return false;
  return end === '' || /[;{}]$/.test(end) || end.endsWith('*/') || end.startsWith('#');
}
