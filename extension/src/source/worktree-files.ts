// Which documents are working copies of kernel source, for providers of language features.

import type { DocumentFilter } from 'vscode';

/** By their path; whether one really is tells findWorktree(). */
export const worktreeFiles: DocumentFilter = { scheme: 'file', pattern: '**/worktrees/*/source/**/*.{c,h,S}' };
