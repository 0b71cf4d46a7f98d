// What the types of a unit look like in memory, and which of them a patch changes. Objects that the old code made live on:
// a type that both know must look the same to both.

import { type BtfMember, type BtfType, readBtfTypes } from '../../kernel/btf-types.ts';

/** Bytes, and each member or enumerator with where it is (bits from the start, or its value) and its type. */
export type Layout = { size: number; open: boolean; parts: { name: string; at: string; type: string }[] };

/** By name with its keyword (`struct foo`); functions can have local types of the same name, hence lists. */
export type Layouts = Map<string, Layout[]>;

/** The layouts of everything that has a name. `const` and typedef names make no difference. */
export function readLayouts(btf: Buffer): Layouts {
  const types = readBtfTypes(btf);
  const layouts: Layouts = new Map();
  const add = (name: string, layout: Layout) => layouts.set(name, [...(layouts.get(name) ?? []), layout]);
  for (const type of types) {
    if (isRecord(type) && type.name) add(`${type.kind} ${type.name}`, recordLayout(types, type));
    if (type.kind === 'alias' && type.name) {
      const target = types[type.type];
      if (target && isRecord(target) && !target.name) add(`typedef ${type.name}`, recordLayout(types, target));
    }
    if (type.kind === 'enum' && type.values.length > 0) addEnum(type, add);
  }
  return layouts;
}

/** What each function of the unit takes and returns. */
export function readPrototypes(btf: Buffer): Map<string, string> {
  const types = readBtfTypes(btf);
  return new Map(types.flatMap((type) => (type.kind === 'code' ? [[type.name, spell(types, type.type)]] : [])));
}

type Record = Extract<BtfType, { members: BtfMember[] }>;
type Enum = Extract<BtfType, { kind: 'enum' }>;

const isRecord = (type: BtfType): type is Record => type.kind === 'struct' || type.kind === 'union';

function recordLayout(types: readonly BtfType[], { size, members }: Record): Layout {
  let unnamed = 0;
  const parts = members.map(({ name, type, bits, width }) => ({
    name: name || `unnamed member ${++unnamed}`,
    at: `${bits}`,
    type: spell(types, type) + (width ? `:${width}` : ''),
  }));
  return { size, open: false, parts };
}

/** A new enumerator hurts no old object: enums are open. Without a name, each enumerator stands for itself. */
function addEnum({ name, size, values }: Enum, add: (name: string, layout: Layout) => void): void {
  const parts = values.map((each) => ({ name: each.name, at: `${each.value}`, type: '' }));
  if (name) add(`enum ${name}`, { size, open: true, parts });
  else
    for (const part of parts) add(`enumerator ${part.name}`, { size: 0, open: true, parts: [{ ...part, name: '' }] });
}

/** A type as text, the same for the same layout. Named structs stand for themselves: they are compared on their own. */
function spell(types: readonly BtfType[], id: number): string {
  const type = types[id] ?? { kind: 'other' };
  switch (type.kind) {
    case 'named':
      return type.name;
    case 'alias':
      return spell(types, type.type);
    case 'pointer':
      return `${spell(types, type.type)} *`;
    case 'array':
      return `${spell(types, type.type)}[${type.length}]`;
    case 'function':
      return `${spell(types, type.type)} (${type.parameters.map((each) => spell(types, each)).join(', ')})`;
    case 'enum':
      return type.name ? `enum ${type.name}` : 'unnamed enum'; // its enumerators are compared one by one
    case 'code':
    case 'other':
      return 'unknown';
    default: {
      if (type.name) return `${type.kind} ${type.name}`;
      const members = recordLayout(types, type).parts.map((part) => `${part.type} ${part.name} @${part.at}`);
      return `${type.kind} { ${members.join('; ')} }`;
    }
  }
}

export type LayoutChange = { type: string; /** What became of it, as the end of a sentence. */ change: string };

/** Types that both have, but not alike. Types that are only new or gone are none of them. */
export function changedLayouts(before: Layouts, after: Layouts): LayoutChange[] {
  const changes: LayoutChange[] = [];
  for (const [type, olds] of before) {
    const news = after.get(type);
    const lost = news && olds.find((old) => news.every((each) => difference(old, each)));
    const change = lost && news[0] && difference(lost, news[0]);
    if (change) changes.push({ type, change });
  }
  return changes;
}

/** The most telling difference; undefined when there is none. */
function difference(old: Layout, now: Layout): string | undefined {
  const find = (layout: Layout, name: string) => layout.parts.find((part) => part.name === name);
  const lost = old.parts.find(({ name }) => !find(now, name));
  const gained = now.open && old.open ? undefined : now.parts.find(({ name }) => !find(old, name));
  if (lost && gained) return `has ${gained.name} instead of ${lost.name}`;
  if (lost) return `loses ${lost.name}`;
  if (gained) return `gains ${gained.name}`;
  const pairs = old.parts.map((part) => ({ part, next: find(now, part.name) ?? part }));
  const other = pairs.find(({ part, next }) => part.type !== next.type);
  if (other) return `has ${other.part.name} as ${other.next.type}, not ${other.part.type}`;
  const moved = pairs.find(({ part, next }) => part.at !== next.at);
  if (moved)
    return old.open
      ? valued(moved.part, moved.next.at)
      : `has ${moved.part.name} ${place(moved.next.at)}, not ${place(moved.part.at)}`;
  return old.size === now.size ? undefined : `has ${now.size} bytes, not ${old.size}`;
}

const valued = ({ name, at }: { name: string; at: string }, now: string) =>
  name ? `has ${name} = ${now}, not ${at}` : `is ${now}, not ${at}`;

const place = (bits: string) => (Number(bits) % 8 ? `at bit ${bits}` : `at byte ${Number(bits) / 8}`);
