// What a preprocessed unit comes to: its text without the inline functions, types and declarations that nothing in it uses.
// A changed header can only matter to a unit in which this is not the same as before.

import { createHash } from 'node:crypto';

/** One declaration or definition at file level. */
type Item = {
  /** The compiler makes something of it though nobody uses it. */
  isRoot: boolean;
  /** What others call it by. */
  names: readonly string[];
  /** Everything it mentions. */
  words: readonly string[];
};

/** Units of a kernel have most of their text in common: each item is looked at once. */
export type KnownItems = Map<string, Item>;

/** A key of the text that counts: the same key, the same code. `known` is for all units of one run. */
export function liveCode(preprocessed: string, known: KnownItems = new Map()): string {
  const texts = splitItems(preprocessed.replace(/^#.*\n/gm, ''));
  const items = texts.map((text) => {
    const item = known.get(text) ?? readItem(text);
    // A copy: a slice would keep the text of the whole unit in memory.
    if (!known.has(text)) known.set(Buffer.from(text).toString(), item);
    return item;
  });
  const byName = new Map<string, number[]>();
  for (const [index, { names }] of items.entries())
    for (const name of names) byName.set(name, [...(byName.get(name) ?? []), index]);
  const live = new Set(items.flatMap(({ isRoot }, index) => (isRoot ? [index] : [])));
  // A set can grow while it is walked.
  const asked = new Set<string>();
  for (const index of live)
    for (const word of items[index]?.words ?? []) {
      if (asked.has(word)) continue;
      asked.add(word);
      for (const other of byName.get(word) ?? []) live.add(other);
    }
  const hash = createHash('sha256');
  for (const [index, text] of texts.entries()) if (live.has(index)) hash.update(plain(text)).update('\n');
  return hash.digest('hex');
}

/** Without what a line more or less, or one unique name more or less, changes in the items behind it. */
const plain = (text: string) => text.replace(/\s+/g, ' ').replace(/\b(__UNIQUE_ID_\w*?)\d+\b/g, '$1');

const [openParen, closeParen, openBrace, closeBrace, semicolon, quote, apostrophe, backslash] = [...'(){};"\'\\'].map(
  (each) => each.charCodeAt(0),
);

/** The text at its file level: a declaration ends with its semicolon, a function with its last brace. */
export function splitItems(text: string): string[] {
  const items: string[] = [];
  let [start, depth, isFunction, last] = [0, 0, false, 0];
  const end = (at: number) => {
    const item = text.slice(start, at + 1).trim();
    if (item !== ';') items.push(item);
    start = at + 1;
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === quote || char === apostrophe) at = endOfLiteral(text, at, char);
    else if (char === openBrace) {
      if (depth === 0) isFunction = last === closeParen;
      depth += 1;
    } else if (char === openParen) depth += 1;
    else if (char === closeParen) depth -= 1;
    else if (char === closeBrace) {
      depth -= 1;
      if (depth === 0 && isFunction) end(at);
    } else if (char === semicolon && depth === 0) end(at);
    if (char > 32) last = char;
  }
  if (text.slice(start).trim()) end(text.length - 1);
  return items;
}

function endOfLiteral(text: string, from: number, end: number): number {
  let at = from + 1;
  while (at < text.length && text.charCodeAt(at) !== end) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at;
}

function readItem(text: string): Item {
  const brace = text.indexOf('{');
  const head = withoutAttributes(brace < 0 ? text : text.slice(0, brace));
  const words = [...new Set(text.match(/[A-Za-z_]\w*/g))];
  const isRoot = false;
  if (/^(_Static_assert|(struct|union|enum)\s+\w+\s*;$)/.test(head)) return { isRoot, names: [], words: [] };
  if (brace >= 0 && /\)\s*$/.test(head) && text.endsWith('}')) {
    const isInline = /\b(static|extern)\b/.test(head) && /\b(inline|__inline|__inline__)\b/.test(head);
    // An attribute that keeps it stands before or behind its head.
    const isKept = /\b__(used|constructor|destructor)__\b/.test(text.slice(0, brace));
    return { isRoot: !isInline || isKept, names: declared(head), words };
  }
  const isType = /^(typedef|((static|const|extern)\s+)*(struct|union|enum)\b[^(=]*$)/.test(head);
  if (isType && !/\}[^;{}]*=/.test(text)) return { isRoot, names: typeNames(text, head), words };
  // Values, and assembly, are there for everyone.
  if (/=|\basm\b|\b__asm/.test(head) || brace >= 0) return { isRoot: true, names: declared(head), words };
  return { isRoot, names: declared(head), words };
}

const tailOf = (text: string) => text.slice(text.lastIndexOf('}') + 1);

/** Balanced to four parentheses deep, as deep as the kernel's go. */
const attribute =
  /\b(__attribute__|__attribute|_Alignas|__extension__)\b\s*(\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\))?/g;

const withoutAttributes = (text: string) => text.replace(attribute, ' ').trim();

const keywords = new Set(
  'typeof __typeof__ void int char short long unsigned signed _Bool struct union enum'.split(' '),
);

/** The names that a declaration gives: before the parameters of a function, or the last word of each variable. */
function declared(head: string): string[] {
  const called = /([A-Za-z_]\w*)\s*\(/.exec(head)?.[1];
  if (called && !keywords.has(called)) return [called];
  // A pointer to a function, or something else that is not told by its looks: it may be called any of these.
  if (called || head.includes('(')) return head.match(/[A-Za-z_]\w*/g) ?? [];
  const first = head.split('=')[0] ?? '';
  return first
    .replace(/\[[^\]]*\]/g, ' ')
    .split(/[,;]/)
    .flatMap((each) => /([A-Za-z_]\w*)[\s:\d]*$/.exec(each)?.[1] ?? []);
}

/** Of a struct its tag, of an enum its values too, of a typedef whatever may be its name. */
function typeNames(text: string, head: string): string[] {
  const outside = text.includes('{') ? `${head} ${withoutAttributes(tailOf(text))}` : head;
  const values = /\benum\b/.test(head) ? text : '';
  return [...new Set(`${outside} ${values}`.match(/[A-Za-z_]\w*/g))].filter((word) => !keywords.has(word));
}
