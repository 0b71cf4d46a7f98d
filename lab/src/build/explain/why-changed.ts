// Why a function is in the livepatch, told from the source: it was edited, it holds an inlined copy of one that was, or
// something of the whole file changed.

import { bareCode } from '../../patch/bare-code.ts';
import { functionText } from '../../patch/function-text.ts';
import type { SourceChange } from '../../patch/source-change.ts';
import { changedFunctions } from '../lint/functions.ts';

export type Why =
  | { why: 'edited' }
  | { why: 'new' }
  /** The compiler made it of a function that is edited, or that inlines one: `of`. */
  | { why: 'clone'; of: string }
  /** A copy of `of`, which is edited, is part of it. */
  | { why: 'inlines'; of: string }
  /** A type, a macro or a declaration outside functions changes; `file`: in what the unit includes. */
  | { why: 'declaration'; line: number; file?: string }
  /** By way of functions of other headers. */
  | { why: 'includes'; file: string }
  | { why: 'compiler' };

type Given = {
  /** Of the unit first, then of the files it includes. */
  changes: readonly SourceChange[];
  /** What each function of the patched object calls; what it uses without calling it must be inlined. */
  calls: ReadonlyMap<string, ReadonlySet<string>>;
};

export function whyChanged(name: string, { changes, calls }: Given): Why {
  const source = sourceName(name);
  const fates = new Map(changes.flatMap(changedFunctions).map((each) => [each.name, each.fate]));
  const fate = fates.get(source);
  const edited = [...fates.keys()];
  const text = changes.map(({ whole, seen }) => whole?.patched ?? seen).join('\n');
  const inlined = fate ? undefined : inlinedInto(source, { text, calls, edited, seen: new Set() });
  if (source !== name && (fate || inlined)) return { why: 'clone', of: source };
  if (fate) return { why: fate === 'new' ? 'new' : 'edited' };
  if (inlined) return { why: 'inlines', of: inlined };
  for (const [index, { file, lines }] of changes.entries()) {
    const outside = lines.find(({ place, code }) => place.kind !== 'function' && code !== '');
    if (outside) return { why: 'declaration', line: outside.line, ...(index > 0 ? { file } : {}) };
  }
  const included = changes.slice(1).find(({ lines }) => lines.length > 0);
  return changes[0]?.lines.length === 0 && included ? { why: 'includes', file: included.file } : { why: 'compiler' };
}

/** The compiler appends .cold, .part.0, .isra.0, .constprop.0. */
const sourceName = (name: string) => name.replace(/\..*$/, '');

type Search = {
  text: string;
  calls: ReadonlyMap<string, ReadonlySet<string>>;
  edited: readonly string[];
  seen: Set<string>;
};

/** An edited function that is used by name, directly or by way of other inlined ones, and not called. */
function inlinedInto(name: string, search: Search): string | undefined {
  const { text, calls, edited, seen } = search;
  if (seen.has(name)) return undefined;
  seen.add(name);
  const body = functionText(text, name).split('\n').map(bareCode).join('\n');
  const called = calls.get(name) ?? new Set();
  const used = [...new Set([...body.matchAll(/\b(\w+)\s*\(/g)].map(([, word = '']) => word))];
  const inlined = used.filter((word) => word !== name && ![...called].some((each) => sourceName(each) === word));
  const direct = inlined.find((word) => edited.includes(word));
  return direct ?? inlined.flatMap((word) => inlinedInto(word, search) ?? [])[0];
}
