// Whether a YAML file is a scenario, and what it is called; decided by its text, so that thousands of files can be looked at.

import { l10n, Range } from 'vscode';

/** Undefined for what is no scenario. */
export function scenarioTitle(text: string): string | undefined {
  if (!/^schema:\s*1\b/m.test(text) || !/^patches:/m.test(text)) return undefined;
  return /^title:\s*(.+?)\s*$/m.exec(text)?.[1]?.replace(/^(['"])(.*)\1$/, '$2') ?? l10n.t('untitled scenario');
}

/** The same for a matrix. */
export function matrixTitle(text: string): string | undefined {
  if (!/^kernels:/m.test(text) || !/^workloads:/m.test(text)) return undefined;
  return scenarioTitle(text);
}

/** Where the title stands. */
export function titleLine(text: string): Range {
  const line = Math.max(
    0,
    text.split('\n').findIndex((each) => each.startsWith('title:')),
  );
  return new Range(line, 0, line, 1000);
}
