// The functions of an open working copy, with what the target's kernel says of each.

import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { TextDocument } from 'vscode';
import { type FunctionFacts, functionsIn, type Lab } from 'livepatch-lab';
import { changesOf } from '../source/changes-of.ts';
import { findWorktree, type Worktree } from '../source/worktree.ts';
import { question } from '../tree/question.ts';

export type SourceFunction = {
  name: string;
  /** 1-based line on which the definition starts. */
  line: number;
  facts: FunctionFacts;
  /** It differs from the pristine source. */
  changed: boolean;
};

/** The first question makes the lab read the symbols of the kernel. */
const factsMs = 60_000;

/** Undefined when the document is no working copy. */
export async function sourceFunctions(
  lab: Lab,
  storage: string,
  document: TextDocument,
): Promise<{ worktree: Worktree; functions: SourceFunction[] } | undefined> {
  const worktree = await findWorktree(storage, document.uri.fsPath);
  if (!worktree) return undefined;
  const text = document.getText();
  const found = functionsIn(text);
  const request = { target: worktree.target.name, names: found.map(({ name }) => name) };
  const pristine = join(worktree.target.pristine, relative(worktree.source, document.uri.fsPath));
  const [facts, before] = await Promise.all([
    lab.functionFacts(request, question(factsMs)),
    readFile(pristine, 'utf8').catch(() => text),
  ]);
  const changes = changesOf(before, text);
  const functions = found.map(({ name, line }, index) => {
    const next = found[index + 1]?.line ?? Infinity;
    const changed = changes.some(({ from, to }) => from + 1 < next && Math.max(to, from + 1) >= line);
    return { name, line, changed, facts: facts[index] ?? { name, copies: 0, traced: false } };
  });
  return { worktree, functions };
}
