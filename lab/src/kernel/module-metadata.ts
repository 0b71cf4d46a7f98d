// What a module says about itself (.modinfo, __versions), and what a kernel says about its exports (Module.symvers).

import { cString, type Elf, sectionBytes } from './elf.ts';

const named = (elf: Elf, name: string) => elf.sections.find((section) => section.name === name);

/** All values of a key in .modinfo, in order. */
export function modinfoValues(elf: Elf, key: string): string[] {
  const section = named(elf, '.modinfo');
  const text = section ? sectionBytes(elf, section).toString('latin1') : '';
  const start = `${key}=`;
  return text.split('\0').flatMap((entry) => (entry.startsWith(start) ? [entry.slice(start.length)] : []));
}

/** Symbol -> CRC of __versions: struct modversion_info, 8 bytes CRC and 56 of name. */
export function importedVersions(elf: Elf): Map<string, number> {
  const section = named(elf, '__versions');
  const versions = new Map<string, number>();
  if (!section) return versions;
  const bytes = sectionBytes(elf, section);
  for (let at = 0; at + 64 <= bytes.length; at += 64) versions.set(cString(bytes, at + 8), bytes.readUInt32LE(at));
  return versions;
}

/** Symbol -> CRC of Module.symvers: `crc symbol object export [namespace]`, separated by tabs. */
export function readSymvers(text: string): Map<string, number> {
  const lines = text.split('\n').map((line) => line.split('\t'));
  return new Map(
    lines.filter(({ length }) => length > 2).map(([crc = '', name = '']) => [name, Number.parseInt(crc, 16)]),
  );
}
