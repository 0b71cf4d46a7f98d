// The types in raw BTF (Documentation/bpf/btf.rst) as data, for comparing what structs look like. Little-endian only.

import { LabError } from '../core/error.ts';
import { cString } from './elf.ts';

/** `bits`: offset from the start of the struct; `width`: bits of a bit-field, else 0. */
export type BtfMember = { name: string; type: number; bits: number; width: number };

export type BtfType =
  | { kind: 'named'; name: string }
  | { kind: 'alias'; name: string; type: number }
  | { kind: 'pointer'; type: number }
  | { kind: 'array'; type: number; length: number }
  | { kind: 'struct' | 'union'; name: string; size: number; members: BtfMember[] }
  | { kind: 'enum'; name: string; size: number; values: { name: string; value: bigint }[] }
  | { kind: 'function'; type: number; parameters: number[] }
  /** A function that is there, with its type. */
  | { kind: 'code'; name: string; type: number }
  | { kind: 'other' };

type Head = { kind: number; flag: boolean; count: number; name: string; sizeOrType: number };
type Reader = { btf: Buffer; text: (offset: number) => string };

/** Every type by its id; id 0 is void. Aliases are typedefs and qualifiers (no name). Throws `kernel.unsupported`. */
export function readBtfTypes(btf: Buffer): BtfType[] {
  if (btf.length < 24 || btf.readUInt16LE(0) !== 0xeb9f) throw new LabError('kernel.unsupported', 'this is no BTF');
  const header = btf.readUInt32LE(4);
  const strings = header + btf.readUInt32LE(16);
  const reader: Reader = { btf, text: (offset) => cString(btf, strings + offset) };
  const types: BtfType[] = [{ kind: 'named', name: 'void' }];
  let at = header + btf.readUInt32LE(8);
  const end = at + btf.readUInt32LE(12);
  while (at < end) {
    const info = btf.readUInt32LE(at + 4);
    const head: Head = {
      kind: (info >>> 24) & 31,
      flag: info >>> 31 === 1,
      count: info & 0xffff,
      name: reader.text(btf.readUInt32LE(at)),
      sizeOrType: btf.readUInt32LE(at + 8),
    };
    types.push(readType(reader, head, at + 12));
    at += 12 + tailSize(head);
  }
  return types;
}

function readType({ btf, text }: Reader, { kind, flag, count, name, sizeOrType }: Head, at: number): BtfType {
  const each = <T>(size: number, read: (place: number) => T) =>
    Array.from({ length: count }, (_, i) => read(at + i * size));
  const word = (place: number) => btf.readUInt32LE(place);
  const nameAt = (place: number) => text(word(place));
  switch (kind) {
    case 1: // INT
    case 16: // FLOAT
      return { kind: 'named', name };
    case 7: // FWD
      return { kind: 'named', name: `${flag ? 'union' : 'struct'} ${name}` };
    case 2: // PTR
      return { kind: 'pointer', type: sizeOrType };
    case 3: // ARRAY
      return { kind: 'array', type: word(at), length: word(at + 8) };
    case 4: // STRUCT
    case 5: {
      const place = (offset: number) =>
        flag ? { bits: offset & 0xffffff, width: offset >>> 24 } : { bits: offset, width: 0 };
      const members = each(12, (m) => ({ name: nameAt(m), type: word(m + 4), ...place(word(m + 8)) }));
      return { kind: kind === 4 ? 'struct' : 'union', name, size: sizeOrType, members };
    }
    case 6: {
      const value = (m: number) => BigInt(flag ? btf.readInt32LE(m + 4) : word(m + 4));
      return { kind: 'enum', name, size: sizeOrType, values: each(8, (m) => ({ name: nameAt(m), value: value(m) })) };
    }
    case 19: {
      const value = (m: number) => (flag ? btf.readBigInt64LE(m + 4) : btf.readBigUInt64LE(m + 4));
      return { kind: 'enum', name, size: sizeOrType, values: each(12, (m) => ({ name: nameAt(m), value: value(m) })) };
    }
    case 8: // TYPEDEF
      return { kind: 'alias', name, type: sizeOrType };
    case 9: // VOLATILE
    case 10: // CONST
    case 11: // RESTRICT
    case 18: // TYPE_TAG
      return { kind: 'alias', name: '', type: sizeOrType };
    case 12: // FUNC
      return { kind: 'code', name, type: sizeOrType };
    case 13: // FUNC_PROTO
      return { kind: 'function', type: sizeOrType, parameters: each(8, (m) => word(m + 4)) };
    default:
      return { kind: 'other' };
  }
}

/** Bytes that follow the 12-byte head of a type. */
function tailSize({ kind, count }: Head): number {
  if (kind === 1 || kind === 14 || kind === 17) return 4; // INT, VAR, DECL_TAG
  if (kind === 3) return 12; // ARRAY
  if (kind === 4 || kind === 5 || kind === 15 || kind === 19) return count * 12; // STRUCT, UNION, DATASEC, ENUM64
  if (kind === 6 || kind === 13) return count * 8; // ENUM, FUNC_PROTO
  return 0;
}
