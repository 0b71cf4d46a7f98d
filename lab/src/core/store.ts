// Files of the lab on disk: JSON with a schema, written by atomic rename; NDJSON, appended; directories, published whole.

import { appendFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { z } from 'zod';
import { LabError } from './error.ts';

/** Version of every file format of the lab; a file with a newer one is refused, never guessed at. */
export const schemaVersion = 1;

/** Reads and validates; undefined when there is no such file. Throws `state.newer-format` or `state.corrupt`. */
export async function readJson<T extends z.ZodType>(path: string, schema: T): Promise<z.output<T> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new LabError('state.corrupt', `${path} is not JSON`, { cause: error, hint: `delete ${path} and run again` });
  }
  const version = (raw as { schema?: unknown } | null)?.schema;
  if (typeof version === 'number' && version > schemaVersion)
    throw new LabError('state.newer-format', `${path} was written by a newer lpl (schema ${version})`, {
      hint: 'update lpl',
    });
  const parsed = schema.safeParse(raw);
  if (!parsed.success)
    throw new LabError('state.corrupt', `${path}: ${parsed.error.issues[0]?.message}`, {
      hint: `delete ${path} and run again`,
    });
  return parsed.data;
}

/** Writes by temp file and rename, creating the directory: nobody ever reads half of it. */
export async function writeWhole(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, text, { mode }).catch((error: unknown) => {
    throw withPath(error, path);
  });
}

/** Writes `{schema, ...value}` as writeWhole does. */
export const writeJson = (path: string, value: Readonly<Record<string, unknown>>, mode?: number): Promise<void> =>
  writeWhole(path, `${JSON.stringify({ schema: schemaVersion, ...value }, null, 2)}\n`, mode);

/** Appends one record; synchronous, so that the order of events is the order of lines. */
export function appendNdjson(path: string, record: unknown): void {
  try {
    appendFileSync(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  } catch (error) {
    throw withPath(error, path);
  }
}

/** A write that the file system refuses does not say by itself what was to be written. */
const withPath = (error: unknown, path: string): unknown =>
  error instanceof Error && !('path' in error) ? Object.assign(error, { path }) : error;

/** All records of an NDJSON file; a torn last line (the writer was killed) is ignored. */
export async function readNdjson<T>(path: string): Promise<T[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  lines.pop();
  return lines.filter(Boolean).map((line) => JSON.parse(line) as T);
}

/** Builds a directory under a temporary name and publishes it by rename; nobody ever sees it half-written. */
export async function publishDirectory(path: string, build: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${Date.now().toString(36)}`;
  await mkdir(temporary, { recursive: true });
  try {
    await build(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}
