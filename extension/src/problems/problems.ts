// What stands against an edit or a scenario, as diagnostics on the lines of the files.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  type Event,
  EventEmitter,
  languages,
  Range,
  type TextDocument,
  Uri,
  workspace,
} from 'vscode';
import type { BuildReason, BuildResult, LabError } from 'livepatch-lab';
import type { Worktree } from '../source/worktree.ts';
import type { WorktreePatch } from '../source/worktree-patch.ts';

export type Problems = Disposable & {
  /** A build has judged that work tree. */
  readonly onDidJudge: Event<Worktree>;
  /** Replaces what is shown with the reasons of this build. A reason without a place goes to the first change. */
  showBuild(worktree: Worktree, result: BuildResult, changes: WorktreePatch['files']): Promise<void>;
  /** Forgets what builds said against that work tree. */
  clearBuild(worktree: Worktree): void;
  /** Shows an error about one file, on the line in its details if it has one. */
  showError(uri: Uri, error: LabError): void;
  /** Forgets what was shown about that file. */
  clear(uri: Uri): void;
};

/** `source` of every diagnostic of this extension. */
export const problemSource = 'livepatch';

/** The one collection of this extension. */
export function createProblems(): Problems {
  const collection = languages.createDiagnosticCollection(problemSource);
  const judged = new EventEmitter<Worktree>();
  /** Files with reasons of the last build of each work tree. */
  const blamed = new Map<string, Uri[]>();
  const clearBuild = ({ directory }: Worktree) => {
    for (const uri of blamed.get(directory) ?? []) collection.delete(uri);
    blamed.delete(directory);
  };
  return {
    onDidJudge: judged.event,
    showBuild: async (worktree, { reasons }, changes) => {
      const found = await Promise.all(reasons.map((reason) => locate(reason, worktree, changes)));
      clearBuild(worktree);
      collection.set(found.map(({ uri, shown }) => [uri, [shown]]));
      blamed.set(
        worktree.directory,
        found.map(({ uri }) => uri),
      );
      judged.fire(worktree);
    },
    clearBuild,
    showError: (uri, { code, message, hint, details }) => {
      const line = typeof details['line'] === 'number' ? details['line'] - 1 : 0;
      collection.set(uri, [diagnostic(new Range(line, 0, line, 1000), message, hint, code)]);
    },
    clear: (uri) => collection.delete(uri),
    dispose: () => [collection, judged].forEach((part) => void part.dispose()),
  };
}

/** In the edited copy of the file, else in the pristine one (a header that nobody edited), else in the first edited file. */
async function locate(
  reason: BuildReason,
  { source, target }: Worktree,
  changes: WorktreePatch['files'],
): Promise<{ uri: Uri; shown: Diagnostic }> {
  const { file = changes[0]?.path ?? '', message, hint, rule } = reason;
  const edited = join(source, file);
  const uri = Uri.file(existsSync(edited) ? edited : join(target.pristine, file));
  const document = await workspace.openTextDocument(uri);
  const line =
    reason.line ?? definitionLine(document, reason.function) ?? changes.find(({ path }) => path === file)?.line ?? 1;
  return { uri, shown: diagnostic(textOfLine(document, line), message, hint, rule) };
}

function diagnostic(range: Range, message: string, hint: string | undefined, code: string): Diagnostic {
  const shown = new Diagnostic(range, hint ? `${message}\n${hint}` : message, DiagnosticSeverity.Error);
  shown.source = problemSource;
  shown.code = code;
  return shown;
}

/** The text of a 1-based line, without its indentation. */
function textOfLine(document: TextDocument, line: number): Range {
  const { range, firstNonWhitespaceCharacterIndex } = document.lineAt(Math.min(line, document.lineCount) - 1);
  return range.with(range.start.translate(0, firstNonWhitespaceCharacterIndex));
}

/** 1-based line on which the function is defined: in the first column, by the kernel's coding style. */
function definitionLine(document: TextDocument, name: string | undefined): number | undefined {
  if (!name) return undefined;
  const pattern = new RegExp(`^(?!\\s|#|/).*\\b${name.replace(/\W/g, '')}\\s*\\((?!.*;\\s*$)`, 'm');
  const definition = pattern.exec(document.getText());
  return definition ? document.positionAt(definition.index).line + 1 : undefined;
}
