// What a patch does to one file, line by line, each line with what it is part of. Made from the patch alone, where the
// hunks must do, or with the source of the target, where the whole file is known.

import { applyPatch, type LineChange } from './apply-patch.ts';
import { bareCode } from './bare-code.ts';
import { codePlace, type CodePlace } from './code-place.ts';
import type { Hunk, PatchedFile } from './read-patch.ts';

export type ChangedLine = {
  kind: 'add' | 'delete';
  /** In the patched file, 1-based: the line, or before which a deleted one stood. */
  line: number;
  text: string;
  /** See bareCode. */
  code: string;
  place: CodePlace;
};

export type SourceChange = {
  /** Path in the kernel tree. */
  file: string;
  lines: ChangedLine[];
  /** The whole file before and after, when the source is at hand. */
  whole?: { original: string; patched: string };
  /** What is to be seen of the patched file: all of it, or the new side of its hunks, each closed like a function. */
  seen: string;
};

/** From the patch alone. */
export function changeOf({ path, hunks }: PatchedFile): SourceChange {
  const seen = hunks.map((hunk) =>
    sideOf(hunk, 'delete')
      .map(({ text }) => text)
      .join('\n'),
  );
  return { file: path, lines: hunks.flatMap(linesOfHunk), seen: seen.join('\n}\n') };
}

/** With the file of the target; as changeOf when the patch does not fit it. */
export function changeOfSource(file: PatchedFile, original: string): SourceChange {
  const applied = applyPatch(original, file);
  if ('misfit' in applied) return changeOf(file);
  const { text, changes } = applied;
  const lines = linesOfFile(original.split('\n'), text.split('\n'), changes);
  return { file: file.path, lines, whole: { original, patched: text }, seen: text };
}

/** Lines that stay when those that were only moved, or only look different, are left out. */
export function netLines(lines: readonly ChangedLine[]): ChangedLine[] {
  const left = new Map<string, number>();
  const count = (key: string, by: number) => left.set(key, (left.get(key) ?? 0) + by);
  for (const line of lines) count(meaning(line), line.kind === 'add' ? 1 : -1);
  return lines.filter((line) => {
    const key = meaning(line);
    const net = left.get(key) ?? 0;
    const isAdded = line.kind === 'add';
    if (line.code === '' || net === 0 || net > 0 !== isAdded) return false;
    count(key, isAdded ? -1 : 1);
    return true;
  });
}

/** bareCode has no text in its strings; two lines that differ there do differ. */
const meaning = ({ code, text }: ChangedLine) => [code, ...(text.match(/"(?:[^"\\]|\\.)*"/g) ?? [])].join('\0');

const sideOf = ({ lines }: Hunk, without: 'add' | 'delete') => lines.filter(({ kind }) => kind !== without);

function linesOfHunk(hunk: Hunk): ChangedLine[] {
  const views = { add: sideOf(hunk, 'delete'), delete: sideOf(hunk, 'add') };
  const texts = {
    add: [hunk.heading, ...views.add.map(({ text }) => text)],
    delete: [hunk.heading, ...views.delete.map(({ text }) => text)],
  };
  let line = hunk.newStart;
  return hunk.lines.flatMap((each) => {
    const { kind, text } = each;
    const at = line;
    if (kind !== 'delete') line += 1;
    if (kind === 'keep') return [];
    const place = codePlace(texts[kind], views[kind].indexOf(each) + 1, true);
    return [{ kind, line: at, text, code: bareCode(text), place }];
  });
}

function linesOfFile(
  before: readonly string[],
  after: readonly string[],
  changes: readonly LineChange[],
): ChangedLine[] {
  const part = (kind: 'add' | 'delete', lines: readonly string[], first: number, count: number, line?: number) =>
    Array.from({ length: count }, (_, index): ChangedLine => {
      const at = first - 1 + index;
      const text = lines[at] ?? '';
      return { kind, line: line ?? at + 1, text, code: bareCode(text), place: codePlace(lines, at) };
    });
  return changes.flatMap(({ oldLine, oldCount, newLine, newCount }) => [
    ...part('delete', before, oldLine, oldCount, newLine),
    ...part('add', after, newLine, newCount),
  ]);
}
