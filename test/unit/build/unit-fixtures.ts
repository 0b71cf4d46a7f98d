// The recorded objects of test/fixtures/build/unit as the builder sees them, and ways to damage them.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Elf, readElf } from '../../../lab/src/kernel/elf.ts';
import { readModule, readVmlinux, type TargetObject } from '../../../lab/src/build/unit/target-object.ts';

const directory = new URL('../../fixtures/build/', import.meta.url);

export const fixturePath = (name: string): string => fileURLToPath(new URL(name, directory));
export const fixtureText = (name: string): string => readFileSync(fixturePath(name), 'utf8');
export const fixtureElf = (name: string): Elf => readElf(readFileSync(fixturePath(`unit/${name}`)), name);

/** The fixture's vmlinux; `change` edits its kallsyms. */
export const stockVmlinux = (): Promise<TargetObject> =>
  readVmlinux(fixturePath('unit/kallsyms'), fixturePath('unit/image'));
export const stockModule = (): Promise<TargetObject> => readModule('unit', fixturePath('unit/module.ko'));

/** A copy with the byte at that offset of a section changed. */
export function withByte(elf: Elf, section: string, offset: number, change: (byte: number) => number): Elf {
  const found = elf.sections.find(({ name }) => name === section);
  if (!found) throw new Error(`no section ${section}`);
  const bytes = Buffer.from(elf.bytes);
  bytes[found.offset + offset] = change(bytes[found.offset + offset] ?? 0) & 0xff;
  return readElf(bytes);
}

/** A copy in which a section has another name, no longer than its own. */
export const withSectionRenamed = (elf: Elf, from: string, to: string) => withRenamed(elf, '.shstrtab', { from, to });

/** A copy in which a symbol has another name, no longer than its own. */
export const withSymbolRenamed = (elf: Elf, from: string, to: string) => withRenamed(elf, '.strtab', { from, to });

function withRenamed(elf: Elf, table: string, { from, to }: { from: string; to: string }): Elf {
  const bytes = Buffer.from(elf.bytes);
  const names = elf.sections.find(({ name }) => name === table);
  const at = bytes.indexOf(`${from}\0`, names?.offset ?? 0);
  bytes.write(`${to}\0`, at, 'latin1');
  return readElf(bytes);
}
