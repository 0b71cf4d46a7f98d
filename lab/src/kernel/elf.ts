// Reads 64-bit little-endian ELF files (elf(5)): relocatable objects, modules and the vmlinux image. Read only.
//
// Addresses and addends are signed 64-bit values as JavaScript numbers: kernel addresses are small negative numbers, so
// every one of them is exact and PC-relative arithmetic just works.

import { LabError } from '../core/error.ts';

export type ElfSection = {
  index: number;
  name: string;
  /** sh_type: 1 PROGBITS, 2 SYMTAB, 4 RELA, 8 NOBITS. */
  type: number;
  /** sh_flags: 1 write, 2 alloc, 4 exec. */
  flags: number;
  address: number;
  offset: number;
  size: number;
  link: number;
  info: number;
};

export type ElfSymbol = {
  index: number;
  name: string;
  value: number;
  size: number;
  type: 'notype' | 'object' | 'func' | 'section' | 'file' | 'other';
  bind: 'local' | 'global' | 'weak';
  /** Section index; 0 undefined, 0xfff1 absolute, 0xff20 livepatch. */
  section: number;
};

/** `type`: R_X86_64_*; `symbol`: index into the symbol table. */
export type ElfRelocation = { offset: number; type: number; symbol: number; addend: number };

export type Elf = {
  bytes: Buffer;
  sections: ElfSection[];
  symbols: ElfSymbol[];
};

const symbolTypes = ['notype', 'object', 'func', 'section', 'file'] as const;
const symbolBinds = ['local', 'global', 'weak'] as const;

/** Throws `state.corrupt` when the bytes are not such a file. */
export function readElf(bytes: Buffer, name = 'object'): Elf {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1)
    throw new LabError('state.corrupt', `${name} is not a 64-bit little-endian ELF file`);
  const table = Number(bytes.readBigUInt64LE(0x28));
  const count = bytes.readUInt16LE(0x3c);
  const sections = Array.from({ length: count }, (_, index) => readSection(bytes, table + index * 64, index));
  const names = sections[bytes.readUInt16LE(0x3e)];
  for (const section of sections) section.name = cString(bytes, (names?.offset ?? 0) + Number(section.name));
  const symtab = sections.find(({ type }) => type === 2);
  return { bytes, sections, symbols: symtab ? readSymbols(bytes, symtab, sections[symtab.link]) : [] };
}

function readSection(bytes: Buffer, at: number, index: number): ElfSection {
  return {
    index,
    name: String(bytes.readUInt32LE(at)),
    type: bytes.readUInt32LE(at + 4),
    flags: Number(bytes.readBigUInt64LE(at + 8)),
    address: Number(bytes.readBigInt64LE(at + 16)),
    offset: Number(bytes.readBigUInt64LE(at + 24)),
    size: Number(bytes.readBigUInt64LE(at + 32)),
    link: bytes.readUInt32LE(at + 40),
    info: bytes.readUInt32LE(at + 44),
  };
}

function readSymbols(bytes: Buffer, symtab: ElfSection, strings: ElfSection | undefined): ElfSymbol[] {
  return Array.from({ length: symtab.size / 24 }, (_, index) => {
    const at = symtab.offset + index * 24;
    const info = bytes[at + 4] ?? 0;
    return {
      index,
      name: cString(bytes, (strings?.offset ?? 0) + bytes.readUInt32LE(at)),
      value: Number(bytes.readBigInt64LE(at + 8)),
      size: Number(bytes.readBigUInt64LE(at + 16)),
      type: symbolTypes[info & 15] ?? 'other',
      bind: symbolBinds[info >> 4] ?? 'local',
      section: bytes.readUInt16LE(at + 6),
    };
  });
}

/** Bytes of a section; empty for NOBITS. */
export function sectionBytes({ bytes }: Elf, { type, offset, size }: ElfSection): Buffer {
  return type === 8 ? Buffer.alloc(0) : bytes.subarray(offset, offset + size);
}

/** Relocations that apply to the section with that index, in file order. */
export function relocationsOf(elf: Elf, section: number): ElfRelocation[] {
  return elf.sections
    .filter(({ type, info }) => type === 4 && info === section)
    .flatMap(({ offset, size }) =>
      Array.from({ length: size / 24 }, (_, index) => {
        const at = offset + index * 24;
        return {
          offset: Number(elf.bytes.readBigUInt64LE(at)),
          type: elf.bytes.readUInt32LE(at + 8),
          symbol: elf.bytes.readUInt32LE(at + 12),
          addend: Number(elf.bytes.readBigInt64LE(at + 16)),
        };
      }),
    );
}

/** The NUL-terminated string at that offset. */
export function cString(bytes: Buffer, offset: number): string {
  return bytes.toString('latin1', offset, bytes.indexOf(0, offset));
}
