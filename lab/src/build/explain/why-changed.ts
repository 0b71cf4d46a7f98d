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
  /** A type, a macro or a declaration outside functions changes. */
  | { why: 'declaration'; line: number }
  | { why: 'compiler' };

/** `calls`: what each function of the patched object calls; what it uses without calling it must be inlined. */
export function whyChanged(
  name: string,
  { change, calls }: { change: SourceChange; calls: ReadonlyMap<string, ReadonlySet<string>> },
): Why {
  const source = sourceName(name);
  const fates = new Map(changedFunctions(change).map((each) => [each.name, each.fate]));
  const fate = fates.get(source);
  const edited = [...fates.keys()];
  const inlined = fate ? undefined : inlinedInto(source, { change, calls, edited, seen: new Set() });
  if (source !== name && (fate || inlined)) return { why: 'clone', of: source };
  if (fate) return { why: fate === 'new' ? 'new' : 'edited' };
  if (inlined) return { why: 'inlines', of: inlined };
  const outside = change.lines.find(({ place, code }) => place.kind !== 'function' && code !== '');
  return outside ? { why: 'declaration', line: outside.line } : { why: 'compiler' };
}

/** The compiler appends .cold, .part.0, .isra.0, .constprop.0. */
const sourceName = (name: string) => name.replace(/\..*$/, '');

type Search = {
  change: SourceChange;
  calls: ReadonlyMap<string, ReadonlySet<string>>;
  edited: readonly string[];
  seen: Set<string>;
};

/** An edited function that is used by name, directly or by way of other inlined ones, and not called. */
function inlinedInto(name: string, search: Search): string | undefined {
  const { change, calls, edited, seen } = search;
  if (seen.has(name)) return undefined;
  seen.add(name);
  const text = change.whole?.patched ?? change.seen;
  const body = functionText(text, name).split('\n').map(bareCode).join('\n');
  const called = calls.get(name) ?? new Set();
  const used = [...new Set([...body.matchAll(/\b(\w+)\s*\(/g)].map(([, word = '']) => word))];
  const inlined = used.filter((word) => word !== name && ![...called].some((each) => sourceName(each) === word));
  const direct = inlined.find((word) => edited.includes(word));
  return direct ?? inlined.flatMap((word) => inlinedInto(word, search) ?? [])[0];
}
