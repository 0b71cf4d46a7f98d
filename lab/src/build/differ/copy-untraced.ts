// A static function that ftrace cannot redirect (inline, notrace, the body of a system call) is replaced by way of its callers:
// under another name it is a new function, its callers are changed functions, and all that holds for those is checked.
// What cannot be done so is refused as before: whoever takes its address in data makes the data change.

import { type Elf, type ElfSymbol, relocationsOf } from '../../kernel/elf.ts';
import type { MovedSection } from './moved-sections.ts';
import { isOwnCopy } from './static-locals.ts';

export type Copies = {
  symbols: { from: string; to: string }[];
  /** create-diff-object goes by the name of a function's section as well. */
  sections: MovedSection[];
};

export const copyName = (name: string) => name.replace(/^(__pfx_)?([^.]+)/, '$1$2_livepatched');

/** New names for functions of the patched object; undefined when one of them cannot be copied. */
export function copiesOf(original: Elf, patched: Elf, names: readonly string[]): Copies | undefined {
  const copies: Copies = { symbols: [], sections: [] };
  for (const name of names) {
    if (!isStatic(original, name) || !isStatic(patched, name) || ownsStaticLocals(original, name)) return undefined;
    for (const part of [name, `${name}.cold`]) {
      const symbol = functionOf(patched, part);
      if (!symbol) continue;
      const section = patched.sections[symbol.section]?.name ?? '';
      // Code of other sections (.noinstr.text, .init.text) is there for a reason.
      const place = /^\.text\.(?:unlikely\.|hot\.)?/.exec(section)?.[0];
      if (place === undefined || section !== `${place}${name}`) return undefined;
      copies.sections.push({ from: section, to: `${place}${copyName(name)}` });
      const prefix = patched.symbols.filter((each) => each.name === `__pfx_${part}`);
      for (const { name: from } of [symbol, ...prefix]) copies.symbols.push({ from, to: copyName(from) });
    }
  }
  return copies;
}

const functionOf = (elf: Elf, wanted: string): ElfSymbol | undefined =>
  elf.symbols.find(({ name, type, section }) => name === wanted && type === 'func' && section > 0);

/** One function of that name, which no other unit can call. */
function isStatic(elf: Elf, wanted: string): boolean {
  const found = elf.symbols.filter(({ name, type, section }) => name === wanted && type === 'func' && section > 0);
  return found.length === 1 && found[0]?.bind === 'local';
}

/** The copy would start with static local variables of its own: create-diff-object looks for them in the same function. */
function ownsStaticLocals(original: Elf, name: string): boolean {
  const parts = [name, `${name}.cold`].flatMap((part) => functionOf(original, part) ?? []);
  return parts.some((part) =>
    relocationsOf(original, part.section).some(({ symbol }) => {
      const section = original.symbols[symbol]?.section;
      return original.symbols.some(
        (each) =>
          each.section === section &&
          each.type === 'object' &&
          each.bind === 'local' &&
          /\.\d+$/.test(each.name) &&
          !isOwnCopy(each.name),
      );
    }),
  );
}
