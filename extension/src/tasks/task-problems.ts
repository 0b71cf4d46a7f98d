// What a task finds, as diagnostics. The task sets them itself: a problem matcher reads its terminal, and VS Code stops reading
// 0.1 s after the task has ended, whether or not the terminal has got to the last lines.

import {
  Diagnostic,
  type DiagnosticCollection,
  DiagnosticSeverity,
  type Disposable,
  languages,
  Range,
  Uri,
} from 'vscode';
import { problemSource } from '../problems/problems.ts';
import type { LabTask } from './lab-task.ts';
import type { Problem } from './problem-line.ts';

export type TaskProblems = Disposable & {
  /** Replaces what that task found when it last ran. */
  show(task: LabTask, problems: readonly Problem[]): void;
};

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

/** A collection for each task, so that tasks about the same file leave each other's findings alone. */
export function createTaskProblems(): TaskProblems {
  const collections = new Map<string, DiagnosticCollection>();
  return {
    show: ({ task, file = '', target = '' }, problems) => {
      const key = JSON.stringify([task, file, target]);
      const collection = collections.get(key) ?? languages.createDiagnosticCollection(`lpl ${key}`);
      collections.set(key, collection);
      collection.clear();
      const paths = [...new Set(problems.map(({ path }) => path))];
      collection.set(
        paths.map((path) => [Uri.file(path), problems.filter((each) => each.path === path).map(diagnosticOf)]),
      );
    },
    dispose: () => collections.forEach((collection) => collection.dispose()),
  };
}

/** On the whole line: VS Code cuts it where the text ends. */
function diagnosticOf({ level, line, message, code, hint }: Problem): Diagnostic {
  const place = new Range(line - 1, 0, line - 1, 1000);
  const shown = new Diagnostic(place, hint ? `${message}\n${hint}` : message, severities[level]);
  shown.source = problemSource;
  shown.code = code;
  return shown;
}
