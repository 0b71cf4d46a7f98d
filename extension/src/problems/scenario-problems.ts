// What stands against the scenarios and matrices that are open, before anything is built or booted: looked over when they are
// opened and saved.

import {
  Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  languages,
  Range,
  type TextDocument,
  window,
  workspace,
} from 'vscode';
import { asLabError, isLabError, type Lab } from 'livepatch-lab';
import { matrixTitle, scenarioTitle } from '../explorer/scenario-title.ts';
import { problemSource } from './problems.ts';

/** Watches from now on. */
export function watchScenarios(lab: Lab): Disposable {
  const collection = languages.createDiagnosticCollection('livepatch scenarios');
  const look = async (document: TextDocument) => {
    if (document.uri.scheme !== 'file' || !/\.ya?ml$/.test(document.fileName)) return;
    const { version } = document;
    const found = await problemsOf(lab, document);
    if (document.version === version) collection.set(document.uri, found);
  };
  const quietly = (document: TextDocument) => void look(document).catch(() => undefined);
  const parts = [
    collection,
    workspace.onDidOpenTextDocument(quietly),
    workspace.onDidSaveTextDocument(quietly),
    workspace.onDidCloseTextDocument(({ uri }) => collection.delete(uri)),
  ];
  window.visibleTextEditors.forEach(({ document }) => quietly(document));
  return { dispose: () => parts.forEach((part) => void part.dispose()) };
}

async function problemsOf(lab: Lab, document: TextDocument): Promise<Diagnostic[]> {
  const text = document.getText();
  const isMatrix = matrixTitle(text) !== undefined;
  if (!isMatrix && scenarioTitle(text) === undefined) return [];
  try {
    if (isMatrix) await lab.matrixCells(document.fileName);
    const { findings } = isMatrix ? { findings: [] } : await lab.scenarioLint(document.fileName);
    return findings.map(({ level, message }) => problem(document, lineAbout(text, message), message, level));
  } catch (error) {
    if (!isLabError(error, 'scenario.invalid') && !isLabError(error, 'matrix.invalid')) throw error;
    const { message, hint, code, details } = asLabError(error);
    const line = typeof details['line'] === 'number' ? details['line'] - 1 : 0;
    return [problem(document, line, hint ? `${message}\n${hint}` : message, 'error', code)];
  }
}

/** A finding begins with the name of what it is about. */
function lineAbout(text: string, message: string): number {
  const [name = ''] = message.split(':');
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.includes(name));
  return at >= 0
    ? at
    : Math.max(
        0,
        lines.findIndex((line) => line.startsWith('patches:')),
      );
}

function problem(
  document: TextDocument,
  line: number,
  message: string,
  level: 'error' | 'warning',
  code = 'scenario',
): Diagnostic {
  const severity = level === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning;
  const { range } = document.lineAt(Math.min(line, document.lineCount - 1));
  const shown = new Diagnostic(new Range(range.start, range.end), message, severity);
  shown.source = problemSource;
  shown.code = code;
  return shown;
}
