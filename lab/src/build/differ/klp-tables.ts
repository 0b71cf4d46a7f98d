// The tables by which `objtool klp diff` tells the module frame what the livepatch replaces
// (include/linux/livepatch_external.h), and the positions of symbols in them.

import { cString, type Elf, type ElfRelocation, relocationsOf, sectionBytes } from '../../kernel/elf.ts';
import type { KlpSymbol } from '../check/check-symbols.ts';

/** struct klp_object_ext: name, funcs, callbacks (four pointers and a bool), nr_funcs. */
const objectSize = 64;
const funcsAt = 8;
const countAt = 56;
/** struct klp_func_ext: old_name, new_func, sympos. */
const functionSize = 24;
const positionAt = 16;

/** A replaced function, and where its position stands in the file. */
type FunctionEntry = KlpSymbol & { offset: number };

/** Functions that the module replaces. */
export function replacedByKlp(elf: Elf): FunctionEntry[] {
  const objects = table(elf, '.init.klp_objects');
  const functions = table(elf, '.init.klp_funcs');
  if (!objects || !functions) return [];
  const entries: FunctionEntry[] = [];
  for (let at = 0; at + objectSize <= objects.bytes.length; at += objectSize) {
    const name = objects.goals.get(at);
    const object = name ? text(elf, name) : 'vmlinux';
    const funcs = objects.goals.get(at + funcsAt);
    const first = funcs ? (elf.symbols[funcs.symbol]?.value ?? 0) + funcs.addend : 0;
    for (let index = 0; index < objects.bytes.readUInt32LE(at + countAt); index += 1) {
      const entry = first + index * functionSize;
      const old = functions.goals.get(entry);
      const position = Number(functions.bytes.readBigUInt64LE(entry + positionAt));
      const offset = functions.offset + entry + positionAt;
      entries.push({ object, name: old ? text(elf, old) : '', position, offset });
    }
  }
  return entries;
}

function table(elf: Elf, name: string) {
  const section = elf.sections.find((each) => each.name === name);
  if (!section) return undefined;
  const goals = new Map(relocationsOf(elf, section.index).map((each) => [each.offset, each]));
  return { bytes: sectionBytes(elf, section), offset: section.offset, goals };
}

function text(elf: Elf, { symbol, addend }: ElfRelocation): string {
  const goal = elf.symbols[symbol];
  const section = goal && elf.sections[goal.section];
  return section ? cString(elf.bytes, section.offset + goal.value + addend) : '';
}

/** The object and position under which the kernel shall look a symbol up, given what klp diff wrote. */
export type Reposition = (symbol: KlpSymbol) => Pick<KlpSymbol, 'object' | 'position'>;

/**
 * The diff object with other positions. klp diff counts what it sees, which is a part of the object only, and never counts
 * globals. New names of symbols go into a longer copy of the string table at the end of the file.
 */
export function setPositions(elf: Elf, reposition: Reposition): Buffer {
  const bytes = Buffer.from(elf.bytes);
  for (const entry of replacedByKlp(elf)) bytes.writeBigUInt64LE(BigInt(reposition(entry).position), entry.offset);
  const symtab = elf.sections.find(({ type }) => type === 2);
  const strings = symtab && elf.sections[symtab.link];
  if (!symtab || !strings) return bytes;
  const names: Buffer[] = [sectionBytes(elf, strings)];
  let end = strings.size;
  for (const { name, index } of elf.symbols) {
    const match = klpSymbol.exec(name);
    if (!match) continue;
    const [, object = '', plain = '', position] = match;
    const now = reposition({ object, name: plain, position: Number(position) });
    const renamed = Buffer.from(`.klp.sym.${now.object}.${plain},${now.position}\0`, 'latin1');
    bytes.writeUInt32LE(end, symtab.offset + index * symbolSize);
    names.push(renamed);
    end += renamed.length;
  }
  const header = Number(bytes.readBigUInt64LE(0x28)) + strings.index * sectionHeaderSize;
  bytes.writeBigUInt64LE(BigInt(bytes.length), header + 24);
  bytes.writeBigUInt64LE(BigInt(end), header + 32);
  return Buffer.concat([bytes, ...names]);
}

const klpSymbol = /^\.klp\.sym\.([^.]+)\.(.*),(\d+)$/;
const symbolSize = 24;
const sectionHeaderSize = 64;
