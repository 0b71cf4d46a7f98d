// Which units can a change of inline functions and macros matter to, told from the names in the text alone: those that
// mention one of them, or an inline function or macro of another header that does. For headers that thousands of units
// include, each of which would have to be preprocessed otherwise.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eachLimited } from '../../core/each-limited.ts';
import { type IncludeGraph, includersOf } from '../../kernel/include-graph.ts';
import { changedNames, inlineOrMacro } from '../../patch/changed-names.ts';
import type { PatchedSource } from '../patched-unit.ts';

type Given = {
  shared: readonly PatchedSource[];
  graph: IncludeGraph;
  /** Units that may include an edited file. */
  candidates: readonly string[];
  source: string;
  signal: AbortSignal;
};

/** Those of the candidates that may use what changes; all of them when names do not tell. */
export async function unitsThatMayUse(given: Given): Promise<string[]> {
  const { shared, graph, candidates } = given;
  const names = new Set<string>();
  for (const { original, applied } of shared) {
    const changed = changedNames(original, applied);
    if (!changed) return [...candidates];
    for (const name of changed) names.add(name);
  }
  const edited = new Set(shared.map(({ path }) => path));
  const headers = await readAll(
    given,
    [...graph.keys()].filter((path) => !edited.has(path)),
  );
  for (const { path, applied } of shared) headers.set(path, applied.text);
  const users = spread(headers, names);
  if (!users) return [...candidates];
  const isMention = mentionOf(names);
  const including = includersOf(graph, users);
  const found: string[] = [];
  const look = async (path: string) => {
    if (including.has(path) || isMention((await readText(given, path)) ?? '')) found.push(path);
  };
  await eachLimited(candidates, 32, look);
  return found.sort();
}

/** With more names than this nearly every unit has one of them. */
const maxNames = 300;

/**
 * Adds the names of inline functions and macros that use one of `names`. Returns headers that use one in another way;
 * undefined when there is no end to it.
 */
function spread(headers: ReadonlyMap<string, string>, names: Set<string>): string[] | undefined {
  const users = new Set<string>();
  for (let fresh = new Set(names); fresh.size > 0;) {
    const isMention = mentionOf(fresh);
    const next = new Set<string>();
    for (const [path, text] of headers) {
      if (!isMention(text)) continue;
      for (const name of usersIn(text, fresh))
        if (name === undefined) users.add(path);
        else if (!names.has(name)) next.add(name);
    }
    for (const name of next) names.add(name);
    if (names.size > maxNames) return undefined;
    fresh = next;
  }
  return [...users];
}

/** What mentions one of the names in a header, by its own name; undefined: it has none. */
function* usersIn(text: string, names: ReadonlySet<string>): Generator<string | undefined> {
  const lines = text.split('\n');
  const word = wordOf(names);
  for (const [index, line] of lines.entries()) {
    if (!word.test(line)) continue;
    const name = isPrototype(line) ? '' : inlineOrMacro(lines, index);
    if (name !== '') yield name;
  }
  for (const { macro, makes } of pastesIn(text)) if ([...names].some((name) => makes.test(name))) yield macro;
}

/** `static inline int foo(int);`: the definition stands elsewhere. */
const isPrototype = (line: string) => /^(static|extern)\b.*\binline\b.*\);$/.test(line);

/** Whether a text has one of the names, or puts one together. */
function mentionOf(names: ReadonlySet<string>): (text: string) => boolean {
  const word = wordOf(names);
  return (text) => word.test(text) || pastesIn(text).some(({ makes }) => [...names].some((name) => makes.test(name)));
}

/** Also the first parts of them, which are given to macros that put names together: CONCATENATE(foo_, x). */
function wordOf(names: ReadonlySet<string>): RegExp {
  const parts = [...names].flatMap((name) =>
    [...name.matchAll(/_(?=\w)/g)].map(({ index }) => name.slice(0, index + 1)),
  );
  return new RegExp(`\\b(?:${[...names, ...parts.filter((part) => part.length > 3)].join('|') || '(?!)'})\\b`);
}

/** Macros that put names together with a part of their own: `#define foo(x) bar_##x`. */
function pastesIn(text: string): { macro: string; makes: RegExp }[] {
  if (!text.includes('##')) return [];
  const defines = text.replace(/\\\n/g, ' ').matchAll(/^[ \t]*#[ \t]*define[ \t]+(\w+)\(([^)]*)\)(.*##.*)$/gm);
  return [...defines].flatMap(([, macro = '', parameters = '', body = '']) => {
    const own = new Set(parameters.split(',').map((each) => each.trim()));
    return [...body.matchAll(/\w+(?:\s*##\s*\w+)+/g)].flatMap(([chain]) => {
      const parts = chain.split(/\s*##\s*/);
      if (!parts.some((part) => !own.has(part) && part.length > 2)) return [];
      return { macro, makes: new RegExp(`^${parts.map((part) => (own.has(part) ? '\\w*' : part)).join('')}$`) };
    });
  });
}

async function readAll(given: Given, paths: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  await eachLimited(paths, 32, async (path) => {
    const text = await readText(given, path);
    if (text !== undefined) texts.set(path, text);
  });
  return texts;
}

/** Headers that the build makes include others and define numbers: they use nothing. */
async function readText({ source, signal }: Given, path: string): Promise<string | undefined> {
  signal.throwIfAborted();
  return readFile(join(source, path), 'latin1').catch(() => undefined);
}
