// Shows what stands against an edit as diagnostics on the lines of the edited files.

import { join } from 'node:path';
import {
  Diagnostic,
  DiagnosticSeverity,
  type DiagnosticCollection,
  type Disposable,
  languages,
  Range,
  type TextDocument,
  Uri,
  workspace,
} from 'vscode';
import type { BuildReason, BuildResult } from 'livepatch-lab';
import type { Worktree } from '../source/worktree.ts';

export type Problems = Disposable & {
  /** Replaces what is shown with the reasons of this build. `files`: changed files, for reasons that name none. */
  show(worktree: Worktree, result: BuildResult, files: readonly string[]): Promise<void>;
};

/** The one collection of this extension. */
export function createProblems(): Problems {
  const collection: DiagnosticCollection = languages.createDiagnosticCollection('livepatch');
  return {
    show: async (worktree, result, files) => {
      const byFile = new Map<string, BuildReason[]>();
      for (const reason of result.reasons) {
        const file = reason.file ?? files[0];
        if (file) byFile.set(file, [...(byFile.get(file) ?? []), reason]);
      }
      const entries = await Promise.all(
        [...byFile].map(async ([file, reasons]): Promise<[Uri, Diagnostic[]]> => {
          const edited = files.includes(file);
          const uri = Uri.file(join(edited ? worktree.source : worktree.target.pristine, file));
          const document = await workspace.openTextDocument(uri);
          return [uri, reasons.map((reason) => diagnostic(document, reason))];
        }),
      );
      collection.clear();
      collection.set(entries);
    },
    dispose: () => collection.dispose(),
  };
}

function diagnostic(document: TextDocument, reason: BuildReason): Diagnostic {
  const message = `${reason.message}\n${reason.hint}`;
  const shown = new Diagnostic(lineRange(document, reason), message, DiagnosticSeverity.Error);
  shown.source = 'livepatch';
  shown.code = String(reason.rule);
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
  const definition = new RegExp(`^(?!\\s|#|/).*\\b${name.replace(/[^\w]/g, '')}\\s*\\((?!.*;\\s*$)`, 'm').exec(
    document.getText(),
  );
  return definition ? document.positionAt(definition.index).line : 0;
}
