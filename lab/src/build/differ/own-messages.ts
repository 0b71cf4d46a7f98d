// The texts of NL_SET_ERR_MSG: `static const char __msg[]`, which a function hands to whoever sent the netlink message, and
// nobody keeps. The differs take them for variables with a life of their own, of which none may ever go. Under a name that
// begins like one of those that they know to be constants (is_special_static of kpatch 0.9.10, is_uncorrelated_static_local of
// objtool klp) every livepatch has its own; with the text in the name, a function whose text changes is a changed function.

import { createHash } from 'node:crypto';
import { type Elf, relocationsOf, sectionBytes } from '../../kernel/elf.ts';
import type { Copies } from './copy-untraced.ts';

/** The new names of the texts in an object, and of their sections. */
export function ownMessages(elf: Elf): Copies {
  const names: Copies = { symbols: [], sections: [] };
  for (const { name: from, type, bind, section: index } of elf.symbols) {
    const number = /^__msg\.(\d+)$/.exec(from)?.[1];
    const section = elf.sections[index];
    if (number === undefined || type !== 'object' || bind !== 'local' || section?.name !== `.rodata.${from}`) continue;
    const text = sectionBytes(elf, section);
    const isText = text.indexOf(0) === text.length - 1 && relocationsOf(elf, index).length === 0;
    if (!isText || (section.flags & writable) !== 0) continue;
    // Digits at the end of a name or behind a dot make no difference to the differs.
    const to = `__func__.msg_${createHash('sha256').update(text).digest('hex').slice(0, 16)}x.${number}`;
    names.symbols.push({ from, to });
    names.sections.push({ from: section.name, to: `.rodata.${to}` });
  }
  return names;
}

/** SHF_WRITE. */
const writable = 0x1;
