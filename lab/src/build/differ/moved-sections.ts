// A patch can make the compiler think a function is unlikely (or no longer so) and move it between .text.F and
// .text.unlikely.F, where the .cold part of the other one may lie. create-diff-object then takes it for a new function and
// asks for an ftrace entry of its padding. `-fno-reorder-functions` is no cure: it changes how .cold parts are split.

import type { Elf } from '../../kernel/elf.ts';

export type MovedSection = { from: string; to: string };

/** New names for sections of either object, so that each function is in sections of one name. */
export function movedSections(original: Elf, patched: Elf): Record<'original' | 'patched', MovedSection[]> {
  const moved = { original: [] as MovedSection[], patched: [] as MovedSection[] };
  const names = (elf: Elf) => new Set(elf.sections.map(({ name }) => name));
  const [before, after] = [names(original), names(patched)];
  const places = functionSections(original);
  for (const [name, now] of functionSections(patched)) {
    const old = places.get(name);
    if (old === undefined || old === now) continue;
    if (!after.has(old)) moved.patched.push({ from: now, to: old });
    else if (!before.has(now)) moved.original.push({ from: old, to: now });
  }
  return moved;
}

/** By function that has a section of its own: the name of that section. */
function functionSections({ symbols, sections }: Elf): Map<string, string> {
  return new Map(
    symbols.flatMap(({ name, type, section: index }) => {
      const section = sections[index]?.name ?? '';
      const isOwn = /^\.text\.(?:unlikely\.|hot\.)?/.exec(section)?.[0].concat(name) === section;
      return type === 'func' && isOwn ? [[name, section] as const] : [];
    }),
  );
}

/**
 * The flags of WARN_ONCE and its like. create-diff-object 0.9.10 knows that they may come and go, under the names that these
 * sections had until 6.12 (since then `..` keeps them apart from what -fdata-sections makes of a variable called `once`).
 */
export function onceSections({ sections }: Elf): MovedSection[] {
  const known = sections.map(({ name }) => name).filter((name) => name === '.data..once' || name === '.data..unlikely');
  return known.map((from) => ({ from, to: from.replace('..', '.') }));
}
