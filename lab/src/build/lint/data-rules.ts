// Data that a patch changes: the running kernel keeps what it has.

import { type ChangedLine, netLines, type SourceChange } from '../../patch/source-change.ts';
import { finding, type LintFinding } from './finding.ts';
import type { FunctionChange } from './functions.ts';

/** Rules DA01, DA02, DA07, DA11 (data and types of the file) and DA04 (static variables of functions). */
export function dataFindings(change: SourceChange, functions: readonly FunctionChange[]): LintFinding[] {
  return [...itemsOf(change).flatMap((item) => itemFindings(change, item)), ...functions.flatMap(staticLocals)];
}

type Item = { kind: 'data' | 'record'; name: string; head: string; lines: ChangedLine[] };

/** Tables, variables and structs that both sides have, with what really changes in them. */
function itemsOf({ lines }: SourceChange): Item[] {
  const items = new Map<string, Item>();
  for (const line of lines) {
    const { place } = line;
    if (place.kind !== 'data' && place.kind !== 'record') continue;
    const { kind, name, head } = place;
    const known = items.get(`${kind} ${name}`);
    if (known) known.lines.push(line);
    else items.set(`${kind} ${name}`, { kind, name, head, lines: [line] });
  }
  return [...items.values()].flatMap((item) => {
    const starts = item.lines.filter(({ place }) => 'part' in place && place.part === 'start');
    // New or gone as a whole: nothing old lives on.
    if (starts.length > 0 && new Set(starts.map(({ kind }) => kind)).size === 1) return [];
    const net = netLines(item.lines);
    return net.length > 0 ? [{ ...item, lines: net }] : [];
  });
}

function itemFindings({ file, seen }: SourceChange, { kind, name, head, lines }: Item): LintFinding[] {
  const line = (lines.find((each) => each.kind === 'add') ?? lines[0])?.line ?? 1;
  if (kind === 'record') {
    const members = lines.filter(({ code, place }) => 'part' in place && place.part === 'body' && /;$/.test(code));
    const [first] = members;
    if (!first || sameMembers(members)) return [];
    const change = first.kind === 'add' ? 'gets other members' : 'loses or changes a member';
    return [finding('DA01', { file, line, type: /^(?:static |const )*(\w+ \w+)/.exec(head)?.[1] ?? name, change })];
  }
  // Init data is gone; a constant number the compiler has put into the code.
  if (/\b__init(data|const)/.test(head) || (/\bconst\b/.test(head) && !/[[{*]/.test(head) && isScalar(lines)))
    return [];
  if (
    /^sysctl_/.test(name) ||
    new RegExp(`\\bmodule_param\\w*\\([^)]*\\b${name}\\b|\\.data\\s*=\\s*&${name}\\b`).test(seen)
  )
    return [finding('DA07', { file, line, name })];
  return [
    isConstantTable(head, lines)
      ? finding('DA11', { file, line, name })
      : finding('DA02', { file, line, detail: name }),
  ];
}

/** A constant of this unit that seems to hold no pointers to functions and to be known to nobody else; the builder knows. */
function isConstantTable(head: string, lines: readonly ChangedLine[]): boolean {
  if (!/^static (?:\w+ )*const\b/.test(head) || /_(ops|operations|proto|driver|type|chip|class|id)\b/.test(head))
    return false;
  return !lines.some(({ code }) => /[={,]\s*&?[a-z_]\w*\s*[,}]/.test(code));
}

const isScalar = (lines: readonly ChangedLine[]) => lines.every(({ code }) => /=\s*[^{]*;$/.test(code));

/** `const` makes no difference to a layout. */
function sameMembers(lines: readonly ChangedLine[]): boolean {
  const plain = (kind: 'add' | 'delete') =>
    lines
      .filter((line) => line.kind === kind)
      .map(({ code }) => code.replace(/\bconst\s+/g, ''))
      .sort()
      .join('\n');
  return plain('add') === plain('delete');
}

/** Static variables that the changed function has under another name, or with another first value: what they hold is lost. */
function staticLocals({ file, name, fate, lines }: FunctionChange): LintFinding[] {
  if (fate !== 'changed') return [];
  const declared = (kind: 'add' | 'delete') =>
    lines.flatMap((line) => {
      const found = line.kind === kind ? staticLocal.exec(line.code) : undefined;
      return found?.[1] && !/\bconst\b/.test(line.code) ? [{ name: found[1], line: line.line, code: line.code }] : [];
    });
  const added = declared('add');
  const [any] = added;
  return declared('delete').flatMap((old) => {
    const now = added.find((each) => each.name === old.name) ?? any;
    if (!now) return [];
    const what = now.name === old.name ? 'declares it differently' : `has ${now.name} in its place`;
    const detail = `${name}() had a static local variable ${old.name} and ${what}`;
    return [finding('DA04', { file, line: now.line, function: name, detail })];
  });
}

const staticLocal = /^static (?!inline\b)(?:[\w*]+ )+\**(\w+)(?:\[[^\]]*\])*\s*(?:=.*|;)$/;
