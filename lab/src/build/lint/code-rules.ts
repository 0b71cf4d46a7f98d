// Code that cannot be patched, or that is better not written into a livepatch.

import type { SourceChange } from '../../patch/source-change.ts';
import { finding, type LintFinding } from './finding.ts';
import type { FunctionChange } from './functions.ts';

/** Rules NP02 (by attribute), NP05, NP08, NP09, CO07, CO10. */
export function codeFindings(change: SourceChange, functions: readonly FunctionChange[]): LintFinding[] {
  return [...functions.flatMap((each) => functionFindings(change, each)), ...exportFindings(change)];
}

function functionFindings(change: SourceChange, changed: FunctionChange): LintFinding[] {
  const { file, name, head, line, fate } = changed;
  const place = { file, line, function: name };
  if (fate === 'removed') return removed(change, changed);
  if (fate === 'changed' && /\b__(init|exit)\b/.test(head)) return [finding('NP05', place)];
  // An inline function is part of its callers, which may well be traced.
  const isUntraced =
    /\b(notrace|noinstr|__noinstr_section\w*)\b/.test(head) && !/\binline\b|__always_inline/.test(head);
  if (fate === 'changed' && isUntraced) return [finding('NP02', place)];
  return largeLocals(changed);
}

/** A function that others can reach by name or by pointer: their way leads to the old code for ever. */
function removed({ seen, whole, lines }: SourceChange, { file, name, head, line }: FunctionChange): LintFinding[] {
  // It goes on under its name elsewhere in the file, as a macro or in another form.
  if (new RegExp(`\\b${name}\\b`).test(whole ? whole.patched : seen)) return [];
  const text =
    whole?.original ??
    lines
      .filter(({ kind }) => kind === 'delete')
      .map(({ code }) => code)
      .join('\n');
  const isPointedTo = new RegExp(`(=\\s*&?|[(,]\\s*&?)${name}\\s*[,;)}]`).test(text);
  if (/\binline\b|\b__init\b/.test(head) || (/\bstatic\b/.test(head) && !isPointedTo)) return [];
  const what = isPointedTo
    ? 'pointers to it that were stored before still lead to the old code'
    : 'code that is not part of the patch still calls the old one';
  return [finding('CO07', { file, line, function: name, what })];
}

function exportFindings({ file, lines }: SourceChange): LintFinding[] {
  const exports = lines.flatMap(({ kind, code, line }) => {
    const name = /^EXPORT_(?:PER_CPU_|TRACEPOINT_)?SYMBOL\w*\((\w+)/.exec(code)?.[1];
    return name ? [{ kind, name, line }] : [];
  });
  const moved = exports.filter((one) => !exports.some((other) => other.name === one.name && other.kind !== one.kind));
  return (['delete', 'add'] as const).flatMap((kind) => {
    const these = moved.filter((each) => each.kind === kind);
    const [first] = these;
    const symbols = these.map(({ name }) => name).join(', ');
    return first ? [finding(kind === 'delete' ? 'NP08' : 'NP09', { file, line: first.line, symbols })] : [];
  });
}

/** Bytes of an element, at least. */
const sizes: Readonly<Record<string, number>> = {
  ...{ char: 1, u8: 1, s8: 1, __u8: 1, uint8_t: 1, bool: 1, short: 2, u16: 2, s16: 2, __u16: 2, uint16_t: 2 },
  ...{ int: 4, u32: 4, s32: 4, __u32: 4, uint32_t: 4, unsigned: 4, __be32: 4 },
  ...{ long: 8, u64: 8, s64: 8, __u64: 8, uint64_t: 8, size_t: 8, dma_addr_t: 8 },
};
const lengths: Readonly<Record<string, number>> = {
  PATH_MAX: 4096,
  PAGE_SIZE: 4096,
  KSYM_NAME_LEN: 512,
  NAME_MAX: 255,
};
const largeBytes = 1024;

function largeLocals({ file, name, lines }: FunctionChange): LintFinding[] {
  return lines.flatMap(({ kind, code, line, place }) => {
    if (kind !== 'add' || !('part' in place) || place.part !== 'body') return [];
    const found = /^(?!static\b|extern\b|return\b)([A-Za-z_][\w ]*?)\s*(\**)\s*(\w+)\[(\w+)\](?:\s*=[^=].*)?;$/.exec(
      code,
    );
    if (!found) return [];
    const [, type = '', stars, variable, length = ''] = found;
    const element = stars ? 8 : (sizes[type.split(' ').at(-1) ?? ''] ?? 1);
    const bytes = element * (lengths[length] ?? (/^\d+$|^0x[0-9a-f]+$/i.test(length) ? Number(length) : 0));
    return bytes >= largeBytes ? [finding('CO10', { file, line, function: name, name: variable, bytes })] : [];
  });
}
