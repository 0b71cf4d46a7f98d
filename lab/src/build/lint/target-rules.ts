// What a prepared target adds to the text of a patch: which functions its kernel can redirect at all, and which object each
// file is part of.

import { bareCode } from '../../patch/bare-code.ts';
import { functionText } from '../../patch/function-text.ts';
import type { SourceChange } from '../../patch/source-change.ts';
import type { UnitObject } from '../../kernel/unit-object.ts';
import { untracedRule } from '../check/untraced-rule.ts';
import { finding, type LintFinding } from './finding.ts';
import type { FunctionChange } from './functions.ts';
import type { TargetFacts } from './target-facts.ts';

/** Rules unit-not-built, NP02, NP04, DA09, CO03 for one file. `copies`: the differ replaces static functions by way of their callers. */
export function targetFindings(
  change: SourceChange,
  functions: readonly FunctionChange[],
  { object, facts, copies }: { object: UnitObject; facts: TargetFacts; copies: boolean },
): LintFinding[] {
  const { file } = change;
  if (object.kind === 'not-built') return [finding('unit-not-built', { file, line: change.lines[0]?.line })];
  return functions
    .filter(({ fate }) => fate === 'changed')
    .flatMap((each) => [
      ...(object.kind === 'vmlinux' && !(copies && isStatic(each)) ? untraced(change, each, facts) : []),
      ...exportedType(change, each),
      ...(object.kind === 'module' ? silenced(change, each, object.name) : []),
    ]);
}

/** As the body of a system call is, too. */
const isStatic = ({ head, name }: FunctionChange) => /\bstatic\b/.test(head) || untracedRule(name) === 'NP04';

/** A function the kernel has as one of its own, but without an ftrace entry. */
function untraced({ whole }: SourceChange, { file, name, line }: FunctionChange, facts: TargetFacts): LintFinding[] {
  if (facts.patchable.has(name) || !facts.isOfFile(name, whole?.original ?? '')) return [];
  return [finding(untracedRule(name), { file, line, function: name })];
}

/** Modules were compiled against the type of an exported function; its CRC tells, and names of parameters do not count. */
function exportedType({ whole }: SourceChange, { file, name, line, lines }: FunctionChange): LintFinding[] {
  if (!whole || !new RegExp(`^EXPORT_SYMBOL\\w*\\(${name}\\b`, 'm').test(whole.original)) return [];
  const headOf = (kind: 'add' | 'delete') =>
    lines.find((each) => each.kind === kind && 'part' in each.place && each.place.part !== 'body')?.place;
  const [before, after] = [headOf('delete'), headOf('add')].map((place) =>
    place && 'head' in place ? typeOf(place.head) : '',
  );
  return before && after && before !== after ? [finding('DA09', { file, line, function: name, symbols: name })] : [];
}

function typeOf(head: string): string {
  const [before = '', parameters = ''] = head.split(/\((.*)\)/s);
  const types = parameters.split(',').map((each) =>
    each
      .trim()
      .replace(/(?<=[\s*])\w+$/, '')
      .replace(/\s/g, ''),
  );
  return `${before
    .replace(/\b__\w+\b|\b(noinline|inline|extern)\b/g, '')
    .replace(/\s+/g, ' ')
    .trim()}(${types.join(',')})`;
}

const probes: readonly [RegExp, string][] = [
  [/\btrace_(?!printk|seq_|raw_output)\w+\(/, 'a tracepoint'],
  [/\b(?:pr|dev|netdev|netif|net)_(?:debug|dbg)(?:_ratelimited)?\(/, 'a debug message'],
];

/** Static keys of a module's own do not exist yet when the livepatch loads, so kpatch leaves their users out. */
function silenced({ whole }: SourceChange, { file, name, line }: FunctionChange, object: string): LintFinding[] {
  const body = functionText(whole?.patched ?? '', name)
    .split('\n')
    .map(bareCode)
    .join('\n');
  const found = probes.find(([pattern]) => pattern.test(body));
  return found ? [finding('CO03', { file, line, function: name, object, what: found[1] })] : [];
}
