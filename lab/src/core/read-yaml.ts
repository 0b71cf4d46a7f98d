// Reads YAML that people write: one line says in which file, on which line, what is wrong.

import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { LabError, type LabErrorCode } from './error.ts';

export type YamlFormat<T extends z.ZodType> = {
  schema: T;
  /** What such a file is, for messages about the whole of it. */
  what: string;
  code: LabErrorCode;
  hint: string;
};

export type YamlFile<T> = {
  data: T;
  /** The error for what only the reader can know to be wrong; `key` is where. */
  wrong: (message: string, key?: readonly PropertyKey[]) => LabError;
};

/** Parses and validates. Throws the format's error, as `path:line: key: what is wrong`. */
export function readYaml<T extends z.ZodType>(
  text: string,
  path: string,
  format: YamlFormat<T>,
): YamlFile<z.output<T>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const errorAt = (offset: number | undefined, message: string): LabError => {
    const line = offset === undefined ? 1 : lines.linePos(offset).line;
    return new LabError(format.code, `${path}:${line}: ${message}`, { hint: format.hint, details: { line } });
  };
  const wrong = (message: string, key: readonly PropertyKey[] = []) => {
    const node = document.getIn(key, true) as { range?: [number, number, number] } | undefined;
    return errorAt(node?.range?.[0], message);
  };
  const syntax = document.errors[0];
  if (syntax) throw errorAt(syntax.pos[0], syntax.message.split('\n')[0] ?? 'not YAML');
  const parsed = format.schema.safeParse(document.toJS());
  if (parsed.success) return { data: parsed.data, wrong };
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  throw wrong(`${issue.path.join('.') || format.what}: ${issue.message}`, [...issue.path, ...unknown]);
}
