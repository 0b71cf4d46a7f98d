// What stands against an edit or a scenario, as diagnostics on the lines of the files.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  languages,
  Range,
  type TextDocument,
  Uri,
  workspace,
} from 'vscode';
import type { BuildReason, BuildResult, LabError } from 'livepatch-lab';
import type { Worktree } from './source/worktree.ts';

export type Problems = Disposable & {
  /** Replaces what is shown with the reasons of this build. `files`: changed files; reasons that name none go to the first. */
  showBuild(worktree: Worktree, result: BuildResult, files: readonly string[]): Promise<void>;
  /** Shows an error about one file, on the line in its details if it has one. */
  showError(uri: Uri, error: LabError): void;
  /** Forgets what was shown about that file. */
  clear(uri: Uri): void;
};

/** The one collection of this extension. */
export function createProblems(): Problems {
  const collection = languages.createDiagnosticCollection('livepatch');
  return {
    showBuild: async (worktree, { reasons }, files) => {
      const found = await Promise.all(reasons.map((reason) => locate(reason, worktree, files)));
      collection.clear();
      collection.set(found.map(({ uri, shown }) => [uri, [shown]]));
    },
    showError: (uri, { code, message, hint, details }) => {
      const line = typeof details['line'] === 'number' ? details['line'] - 1 : 0;
      collection.set(uri, [diagnostic(new Range(line, 0, line, 1000), message, hint, code)]);
    },
    clear: (uri) => collection.delete(uri),
    dispose: () => collection.dispose(),
  };
}

/** In the edited copy of the file, else in the pristine one (a header that nobody edited), else in the first edited file. */
async function locate(
  reason: BuildReason,
  { source, target }: Worktree,
  files: readonly string[],
): Promise<{ uri: Uri; shown: Diagnostic }> {
  const { file, message, hint, rule } = reason;
  const paths = file ? [join(source, file), join(target.pristine, file)] : [];
  const path = paths.find((candidate) => existsSync(candidate));
  const uri = Uri.file(path ?? join(source, files[0] ?? ''));
  const document = await workspace.openTextDocument(uri);
  const range = path ? lineRange(document, reason) : document.lineAt(0).range;
  return { uri, shown: diagnostic(range, message, hint, rule) };
}

function diagnostic(range: Range, message: string, hint: string | undefined, code: string): Diagnostic {
  const shown = new Diagnostic(range, hint ? `${message}\n${hint}` : message, DiagnosticSeverity.Error);
  shown.source = 'livepatch';
  shown.code = code;
  return shown;
}

/** The text of the line without its indentation: that of the reason, else of the function's definition, else the first. */
function lineRange(document: TextDocument, { line, function: name }: BuildReason): Range {
  const index = line === undefined ? definitionLine(document, name) : Math.min(line, document.lineCount) - 1;
  const { range, firstNonWhitespaceCharacterIndex } = document.lineAt(index);
  return range.with(range.start.translate(0, firstNonWhitespaceCharacterIndex));
}

function definitionLine(document: TextDocument, name: string | undefined): number {
  if (!name) return 0;
  const definition = new RegExp(`^(?!\\s|#|/).*\\b${name.replace(/\W/g, '')}\\s*\\((?!.*;\\s*$)`, 'm').exec(
    document.getText(),
  );
  return definition ? document.positionAt(definition.index).line : 0;
}
