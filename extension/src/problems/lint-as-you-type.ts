// What the lint says against an edit before anything is compiled: from its text a moment after the last key, with the target's
// source, configuration and symbols once the typing has stopped or the file is saved. It is the builder's word that counts,
// so a build clears what the lint said.

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
import { setting } from '../settings.ts';
import { findWorktree, type Worktree } from '../source/worktree.ts';
import { patchOf } from '../source/worktree-patch.ts';
import { question } from '../tree/question.ts';
import { type Problems, problemSource } from './problems.ts';

const settleMs = 300;
const idleMs = 1_500;
const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

type Tier = 'text' | 'target';

/** Lints working copies as they change. `storage`: where the work trees are. */
export function lintAsYouType(lab: Lab, storage: string, problems: Problems): Disposable {
  const collection = languages.createDiagnosticCollection('livepatch lint');
  const timers = new Map<string, NodeJS.Timeout[]>();
  /** The newest question about a file; an answer to an older one is of no interest any more. */
  const asked = new Map<string, number>();
  const ask = (path: string) => {
    const number = (asked.get(path) ?? 0) + 1;
    asked.set(path, number);
    return () => asked.get(path) === number;
  };
  const lint = async (document: TextDocument, tier: Tier) => {
    const worktree = await findWorktree(storage, document.fileName);
    if (!worktree) return;
    const { version } = document;
    const isNewest = ask(document.fileName);
    const findings = await findingsOf(lab, document, worktree, tier);
    if (document.version !== version || !isNewest()) return;
    collection.set(
      document.uri,
      findings.map((finding) => shown(document, finding)),
    );
  };
  const stop = (path: string) => {
    timers.get(path)?.forEach((timer) => clearTimeout(timer));
    timers.delete(path);
  };
  const quietly = (document: TextDocument, tier: Tier) => void lint(document, tier).catch(() => undefined);
  const isOurs = ({ uri, fileName }: TextDocument) => uri.scheme === 'file' && fileName.startsWith(storage);
  const onEdit = (document: TextDocument) => {
    if (!isOurs(document)) return;
    stop(document.fileName);
    const later = (ms: number, tier: Tier) => setTimeout(() => quietly(document, tier), ms);
    timers.set(document.fileName, [later(settleMs, 'text'), later(idleMs, 'target')]);
  };
  const forget = (path: string) => {
    stop(path);
    ask(path);
  };
  const onSave = (document: TextDocument) => {
    if (!isOurs(document)) return;
    stop(document.fileName);
    if (setting('hotPatchOnSave')) collection.delete(document.uri);
    else quietly(document, 'target');
  };
  const onJudged = ({ source }: Worktree) => {
    for (const path of asked.keys()) if (path.startsWith(source)) forget(path);
    collection.forEach((uri) => uri.fsPath.startsWith(source) && collection.delete(uri));
  };
  const parts = [
    collection,
    problems.onDidJudge(onJudged),
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => contentChanges.length > 0 && onEdit(document)),
    workspace.onDidSaveTextDocument(onSave),
    workspace.onDidCloseTextDocument(({ uri, fileName }) => {
      forget(fileName);
      collection.delete(uri);
    }),
  ];
  return {
    dispose: () => {
      for (const path of [...timers.keys()]) stop(path);
      for (const part of parts) part.dispose();
    },
  };
}

/** A target is never prepared for the sake of the lint; the text must do then. */
async function findingsOf(lab: Lab, document: TextDocument, worktree: Worktree, tier: Tier): Promise<LintFinding[]> {
  const patch = await patchOf(worktree, document.fileName, document.getText());
  if (patch === '') return [];
  const target = worktree.target.name;
  const isAsked = tier === 'target' && workspace.isTrusted && (await lab.isPrepared(target));
  return (await lab.lint({ patch, ...(isAsked ? { target } : {}) }, question())).findings;
}

function shown(document: TextDocument, { line = 1, message, hint, rule, level }: LintFinding): Diagnostic {
  const { range, firstNonWhitespaceCharacterIndex } = document.lineAt(Math.min(line, document.lineCount) - 1);
  const place = new Range(range.start.translate(0, firstNonWhitespaceCharacterIndex), range.end);
  const diagnostic = new Diagnostic(place, `${message}\n${hint}`, severities[level]);
  diagnostic.source = problemSource;
  diagnostic.code = rule;
  return diagnostic;
}
