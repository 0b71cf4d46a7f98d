// A unified diff as data: which files, which hunks, which lines. Nothing here looks at a kernel tree.

import parseDiff from 'parse-diff';

/** `text` has no newline, and one character for each byte (Latin-1): kernel sources are not all UTF-8. */
export type HunkLine = { kind: 'keep' | 'add' | 'delete'; text: string };

/**
 * `oldStart`: first line in the unpatched file, 1-based (0 when the file is new). `patchLine`: line of `@@` in the patch.
 * `heading`: what stands behind the second `@@`, the start of the definition around the hunk; may be empty.
 */
export type Hunk = { oldStart: number; newStart: number; patchLine: number; heading: string; lines: HunkLine[] };

export type PatchedFile = {
  /** Path in the kernel tree. */
  path: string;
  change: 'modified' | 'created' | 'deleted';
  hunks: Hunk[];
};

/** Why text is not a patch that the lab can use. */
export type PatchDefect = { kind: 'empty' | 'binary' | 'not-utf8' | 'truncated'; file?: string; line?: number };

/**
 * Reads a unified diff (`git diff`, `git format-patch`, `diff -u`; one leading path component is stripped). One of which every line
 * ends as on Windows came through a mailer or an editor that did that, and is read without.
 */
export function readPatch(given: string): PatchedFile[] | PatchDefect {
  // git writes "GIT binary patch" or "Binary files a/x and b/x differ"; anything with a NUL is no text at all.
  if (given.includes('\0') || /^(GIT binary patch|Binary files .* differ)\r?$/m.test(given)) return { kind: 'binary' };
  // What a decoder makes of bytes that are no UTF-8.
  const [readable = '', lost] = given.split('\uFFFD', 2);
  if (lost !== undefined) return { kind: 'not-utf8', line: readable.split('\n').length };
  const text = /(?<!\r)\n/.test(given) ? given : given.replaceAll('\r\n', '\n');
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const headers = hunkHeaders(bytes);
  const files: PatchedFile[] = [];
  for (const file of parseDiff(bytes)) {
    const change = file.from === '/dev/null' ? 'created' : file.to === '/dev/null' ? 'deleted' : 'modified';
    const path = (change === 'deleted' ? file.from : file.to) ?? '';
    const hunks: Hunk[] = [];
    for (const chunk of file.chunks) {
      const patchLine = headers.shift() ?? 0;
      const lines = chunk.changes.flatMap(toHunkLine);
      const kept = lines.filter(({ kind }) => kind !== 'add').length;
      const made = lines.filter(({ kind }) => kind !== 'delete').length;
      if (kept !== chunk.oldLines || made !== chunk.newLines) return { kind: 'truncated', file: path, line: patchLine };
      const heading = /^@@.*?@@ ?(.*)$/.exec(chunk.content)?.[1] ?? '';
      hunks.push({ oldStart: chunk.oldStart, newStart: chunk.newStart, patchLine, heading, lines });
    }
    if (hunks.length > 0) files.push({ path, change, hunks });
  }
  return files.length > 0 ? files : { kind: 'empty' };
}

function hunkHeaders(text: string): number[] {
  return text.split('\n').flatMap((line, index) => (/^@@ -\d+(,\d+)? \+\d+(,\d+)? @@/.test(line) ? [index + 1] : []));
}

function toHunkLine({ type, content }: parseDiff.Change): HunkLine[] {
  if (content.startsWith('\\')) return [];
  const kind = type === 'normal' ? 'keep' : type === 'add' ? 'add' : 'delete';
  return [{ kind, text: content.slice(1) }];
}
