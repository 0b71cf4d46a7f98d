// What a line of C source is part of, by the kernel's coding style: what stands at file level starts in the first column,
// and so do the braces of a function's body. Works on a whole file and on the lines of a hunk alike.

import { bareCode } from './bare-code.ts';

/** `head`: the text before the body. `part` 'start': the first line of the head. */
export type CodePlace =
  | { kind: 'function' | 'data' | 'record'; name: string; head: string; part: 'start' | 'head' | 'body' }
  /** A complete line at file level: a declaration, a macro's use such as EXPORT_SYMBOL. */
  | { kind: 'file' }
  | { kind: 'comment' | 'preprocessor' | 'unknown' };

/** The place of `lines[index]`. `heading`: the first line is a hunk's heading; what stands between is not known. */
export function codePlace(lines: readonly string[], index: number, heading = false): CodePlace {
  const text = lines[index] ?? '';
  if (/^\s*#/.test(text) || continuesMacro(lines, index)) return { kind: 'preprocessor' };
  if (text.trim() !== '' && bareCode(text) === '') return { kind: 'comment' };
  const start = startOfItem(lines, index);
  if (start === 'comment') return { kind: 'comment' };
  if (start === undefined) return { kind: 'unknown' };
  if (start === 'file') return { kind: 'file' };
  const isHeading = heading && start === 0;
  const { head, last } = isHeading
    ? { head: (lines[0] ?? '').replace(/\s*\{.*$/, ''), last: 0 }
    : headFrom(lines, start);
  const item = itemOf(head);
  // A heading may be cut short, so that a table looks like the struct it is made of.
  const isCut = isHeading && item?.kind === 'record' && !lines[0]?.includes('{');
  if (!item || isCut) return { kind: isHeading && index > 0 ? 'unknown' : 'file' };
  return { ...item, head, part: index === start ? 'start' : index <= last ? 'head' : 'body' };
}

const continuesMacro = (lines: readonly string[], index: number): boolean => {
  let at = index;
  while (lines[at - 1]?.endsWith('\\')) at -= 1;
  return /^\s*#/.test(lines[at] ?? '');
};

/** Where the item at file level around the line starts; 'file' between items, undefined when that lies before the lines. */
function startOfItem(lines: readonly string[], index: number): number | 'file' | 'comment' | undefined {
  for (let at = index; at >= 0; at -= 1) {
    const line = lines[at] ?? '';
    if (/^(\/\*| \*\/)/.test(line)) {
      if (at < index) return line.startsWith('/*') && !line.includes('*/') ? 'comment' : 'file';
      continue;
    }
    if (!/^[^\s#]/.test(line) || isLabel(line) || continuesMacro(lines, at)) continue;
    if (line.startsWith('}')) {
      if (at < index) return 'file';
      continue;
    }
    if (line.startsWith('{')) continue;
    // A head may have its type on a line of its own.
    const before = lines[at - 1] ?? '';
    if (/^[A-Za-z_][\w\s*]*$/.test(before) && !isLabel(before) && definesFunction(bareCode(line))) return at - 1;
    // A declaration that ended before this line leaves it at file level.
    return at < index && /;$/.test(bareCode(line)) ? 'file' : at;
  }
  return undefined;
}

const isLabel = (line: string) => /^\w+:(?!:)/.test(line);

/** The text of a head, up to its `{`, its `=` or its `;`, and the index of its last line. */
function headFrom(lines: readonly string[], start: number): { head: string; last: number } {
  let head = '';
  for (let at = start; at < Math.min(lines.length, start + 12); at += 1) {
    const code = bareCode(lines[at] ?? '');
    head = `${head} ${code}`.trim();
    if (/[{;=]/.test(code)) return { head: head.replace(/\s*\{.*$/, ''), last: at };
  }
  return { head, last: start };
}

const definesFunction = (head: string) => /^[A-Za-z_][\w\s*]*\(/.test(head) && !/=/.test(head.split('(')[0] ?? '');

function itemOf(head: string): { kind: 'function' | 'data' | 'record'; name: string } | undefined {
  const code = bareCode(head).replace(
    /\b__(?:attribute__|aligned|section|printf|must_hold|acquires|releases)\s*\(+[^()]*\)+/g,
    '',
  );
  if (/^typedef\b/.test(code)) return undefined;
  const data = /^[\w\s*]*?(\w+)\s*((?:\[[^\]]*\]\s*)*)(?:__\w+\s*)*=/.exec(code);
  if (data?.[1] && !/;.*=/.test(code)) return { kind: 'data', name: data[1] };
  const record = /^(?:static\s+|const\s+)*(?:struct|union)\s+(\w+)(?:\s+__\w+)*$/.exec(code);
  if (record?.[1]) return { kind: 'record', name: record[1] };
  if (/;$/.test(code)) return undefined;
  const syscall = /^(COMPAT_)?SYSCALL_DEFINE(\d)\(\s*(\w+)/.exec(code);
  if (syscall?.[3]) return { kind: 'function', name: syscallName(syscall) };
  // A macro that stands for itself, such as EXPORT_SYMBOL(x) or TRACE_EVENT(x, ...), has no type before its name.
  const name = /^[A-Za-z_][\w\s*]*?\b(\w+)\s*\(/.exec(code)?.[1];
  return name ? { kind: 'function', name } : undefined;
}

/** SYSCALL_DEFINE0 makes the entry itself; the others an inline body. See arch/x86/include/asm/syscall_wrapper.h. */
const syscallName = ([, compat, count, name]: RegExpExecArray) =>
  `${count === '0' ? '__x64_' : compat ? '__do_compat_' : '__do_'}sys_${name}`;
