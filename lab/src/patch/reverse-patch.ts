// The patch that takes another one back.

import type { HunkLine, PatchedFile } from './read-patch.ts';

const turned = { add: 'delete', delete: 'add', keep: 'keep' } as const;
const undone = { created: 'deleted', deleted: 'created', modified: 'modified' } as const;

/** What was added is deleted and the other way round. Pure. */
export function reversePatch(files: readonly PatchedFile[]): PatchedFile[] {
  return files.map(({ path, change, hunks }) => ({
    path,
    change: undone[change],
    hunks: hunks.map((hunk) => ({
      ...hunk,
      oldStart: hunk.newStart,
      newStart: hunk.oldStart,
      lines: hunk.lines.map(({ kind, text }): HunkLine => ({ kind: turned[kind], text })),
    })),
  }));
}
