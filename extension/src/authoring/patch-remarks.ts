// What is said about patch files, as diagnostics on their lines: the target's checkpatch, and conflicts. A patch that was
// checked once is checked again whenever it is saved.

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
import type { Lab, PatchConflict, PatchFinding } from 'livepatch-lab';
import { problemSource } from '../problems/problems.ts';
import { question } from '../tree/question.ts';

export type PatchRemarks = Disposable & {
  /** Shows what checkpatch of that target said, and from now on what it says of each state that is saved. */
  showFindings(path: string, findings: readonly PatchFinding[], target: string): Promise<void>;
  /** Shows where it does not fit. */
  showConflicts(path: string, conflicts: readonly PatchConflict[]): Promise<void>;
};

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

/** The one collection of patch files. */
export function createPatchRemarks(lab: Lab): PatchRemarks {
  const collection = languages.createDiagnosticCollection('livepatch patches');
  const checked = new Map<string, string>();
  const show = (document: TextDocument, remarks: readonly Remark[]) =>
    collection.set(
      document.uri,
      remarks.map((remark) => diagnostic(document, remark)),
    );
  const again = async (document: TextDocument) => {
    const target = checked.get(document.fileName);
    if (target === undefined) return;
    const { version } = document;
    const findings = await lab.patchCheck({ patch: document.getText(), target }, question());
    if (document.version === version) show(document, findings.map(ofFinding));
  };
  const parts = [
    collection,
    workspace.onDidSaveTextDocument((document) => void again(document).catch(() => undefined)),
    workspace.onDidDeleteFiles(({ files }) => files.forEach((uri) => collection.delete(uri))),
  ];
  return {
    showFindings: async (path, findings, target) => {
      checked.set(path, target);
      show(await workspace.openTextDocument(Uri.file(path)), findings.map(ofFinding));
    },
    showConflicts: async (path, conflicts) =>
      show(await workspace.openTextDocument(Uri.file(path)), conflicts.map(ofConflict)),
    dispose: () => parts.forEach((part) => void part.dispose()),
  };
}

type Remark = { line: number; message: string; code: string; level: PatchFinding['level'] };

const ofFinding = ({ type, ...rest }: PatchFinding): Remark => ({ ...rest, code: type });

const ofConflict = ({ file, line, patchLine, message }: PatchConflict): Remark => ({
  line: patchLine,
  message: `${file}:${line}: ${message}`,
  code: 'conflict',
  level: 'error',
});

function diagnostic(document: TextDocument, { line, message, code, level }: Remark): Diagnostic {
  const { range } = document.lineAt(Math.max(0, Math.min(line, document.lineCount) - 1));
  const shown = new Diagnostic(range.isEmpty ? new Range(range.start, range.start) : range, message, severities[level]);
  shown.source = problemSource;
  shown.code = code;
  return shown;
}
