// What differs between two texts, as stretches of whole lines. Free of vscode.

import { structuredPatch } from 'diff';

/** Lines `from` (0-based) up to but not including `to` of the later text, and what was there before, newlines included. */
export type Change = { from: number; to: number; before: string };

/** In order; empty when the texts are equal. */
export function changesOf(before: string, after: string): Change[] {
  const { hunks } = structuredPatch('', '', before, after, undefined, undefined, { context: 0 });
  return hunks.map(({ newStart, newLines, lines }) => {
    const from = newStart - 1;
    const gone = lines.filter((line) => line.startsWith('-')).map((line) => `${line.slice(1)}\n`);
    return { from, to: from + newLines, before: gone.join('') };
  });
}
