// What the lint says against an edit while it is typed, before anything is compiled: the text tier, a moment after the last
// key. It is the builder's word that counts, so a build clears what the lint said.

import {
  Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  languages,
  Range,
  type TextDocument,
  workspace,
} from 'vscode';
import type { Lab, LintFinding } from 'livepatch-lab';
import { findWorktree } from '../source/worktree.ts';
import { patchOf } from '../source/worktree-patch.ts';
import { question } from '../tree/question.ts';
import { problemSource } from './problems.ts';

const settleMs = 300;
const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

/** Lints working copies as they change. `storage`: where the work trees are. */
export function lintAsYouType(lab: Lab, storage: string): Disposable {
  const collection = languages.createDiagnosticCollection('livepatch lint');
  const timers = new Map<string, NodeJS.Timeout>();
  const lint = async (document: TextDocument) => {
    const worktree = await findWorktree(storage, document.fileName);
    if (!worktree) return;
    const { version } = document;
    const patch = await patchOf(worktree, document.fileName, document.getText());
    const findings = patch === '' ? [] : (await lab.lint({ patch }, question())).findings;
    if (document.version !== version) return;
    collection.set(
      document.uri,
      findings.map((finding) => shown(document, finding)),
    );
  };
  const soon = (document: TextDocument) => {
    if (document.uri.scheme !== 'file' || !document.fileName.startsWith(storage)) return;
    clearTimeout(timers.get(document.fileName));
    timers.set(
      document.fileName,
      setTimeout(() => void lint(document).catch(() => undefined), settleMs),
    );
  };
  const parts = [
    collection,
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => contentChanges.length > 0 && soon(document)),
    workspace.onDidSaveTextDocument(({ uri }) => collection.delete(uri)),
    workspace.onDidCloseTextDocument(({ uri }) => collection.delete(uri)),
  ];
  const stop = () => timers.forEach((timer) => clearTimeout(timer));
  return { dispose: () => [...parts, { dispose: stop }].forEach((part) => void part.dispose()) };
}

function shown(document: TextDocument, { line = 1, message, hint, rule, level }: LintFinding): Diagnostic {
  const { range, firstNonWhitespaceCharacterIndex } = document.lineAt(Math.min(line, document.lineCount) - 1);
  const place = new Range(range.start.translate(0, firstNonWhitespaceCharacterIndex), range.end);
  const diagnostic = new Diagnostic(place, `${message}\n${hint}`, severities[level]);
  diagnostic.source = problemSource;
  diagnostic.code = rule;
  return diagnostic;
}
