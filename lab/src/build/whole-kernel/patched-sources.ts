// The files of a patch for a tool that applies it itself: C sources and headers, those it adds or removes as well.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applyPatch } from '../../patch/apply-patch.ts';
import { findDefinition } from '../../patch/find-function.ts';
import { lintPath } from '../../patch/lint-path.ts';
import { type PatchedFile, readPatch } from '../../patch/read-patch.ts';
import type { ChangePlace } from '../differ/diff-messages.ts';
import { defectReason } from '../prepare-patch.ts';
import { allOrRefused, isRefused, type Refused, refused } from '../refused.ts';
import { reason } from '../reason.ts';

/** `text`: as patched; '' when the patch removes the file. `line`: the first that it changes. */
export type PatchedSource = { path: string; text: string; line: number };

/** Refused where the patch does not fit exactly, or touches what no livepatch can change. */
export async function readPatchedSources(
  patch: string,
  { source, release }: { source: string; release: string },
): Promise<PatchedSource[] | Refused> {
  const files = readPatch(patch);
  if (!Array.isArray(files)) return refused(defectReason(files));
  const sources = allOrRefused(await Promise.all(files.map((file) => readSource(file, source, release))));
  if (isRefused(sources)) return sources;
  return sources.some(({ path }) => /\.[ch]$/.test(path))
    ? sources
    : refused(reason('patch-no-code', { file: sources[0]?.path ?? '' }));
}

async function readSource(file: PatchedFile, source: string, release: string): Promise<PatchedSource | Refused> {
  const { path, change } = file;
  const kind = lintPath(path);
  const line = Math.max(file.hunks[0]?.newStart ?? 1, 1);
  if (kind.kind === 'escape') return refused(reason('patch-path', { path }));
  if (kind.kind === 'unpatchable') return refused(reason('NP01', { file: path, line, what: kind.what }));
  const original = change === 'created' ? '' : await readFile(join(source, path), 'latin1').catch(() => undefined);
  if (original === undefined) return refused(reason('patch-no-such-file', { file: path, release }));
  const applied = applyPatch(original, file);
  if ('misfit' in applied) return refused(reason('patch-does-not-apply', { file: path, release, ...applied.misfit }));
  return { path, text: applied.text, line: applied.changes[0]?.newLine ?? line };
}

/** Where to point when a tool names a function, or nothing at all. */
export function placeIn(sources: readonly PatchedSource[]): ChangePlace {
  const first = sources.find(({ path }) => path.endsWith('.c')) ?? sources[0];
  const lineOf = (name: string) => (first ? findDefinition(first.text, name) : undefined);
  return { file: first?.path ?? '', line: first?.line ?? 1, lineOf };
}

/** The source that defines a function; the first C source where none is seen to. */
export function sourceOf(sources: readonly PatchedSource[], name: string): string {
  const plain = name.replace(/\.(isra|constprop|part|cold)\b.*$/, '');
  const definer = sources.find(({ text }) => findDefinition(text, plain) !== undefined);
  return definer?.path ?? placeIn(sources).file;
}
