// Sizes of the kernel's structs, read from its BTF (Documentation/bpf/btf.rst). They differ between releases; a table of
// our own would be wrong one day.

import { LabError } from '../core/error.ts';
import { cString, type Elf, sectionBytes } from './elf.ts';

const kindStruct = 4;

/** Bytes that follow the 12-byte head of a type, by kind (BTF_KIND_*), for `vlen` members. */
function tailSize(kind: number, vlen: number): number {
  switch (kind) {
    case 1: // INT
    case 14: // VAR
    case 17: // DECL_TAG
      return 4;
    case 3: // ARRAY
      return 12;
    case kindStruct:
    case 5: // UNION
    case 15: // DATASEC
    case 19: // ENUM64
      return vlen * 12;
    case 6: // ENUM
    case 13: // FUNC_PROTO
      return vlen * 8;
    default:
      return 0;
  }
}

/**
 * Size in bytes of each struct that is asked for. Throws `kernel.unsupported` when there is no BTF, or not a struct that a
 * kernel may not lack.
 */
export function structSizes(
  elf: Elf,
  names: readonly string[],
  mayLack: (name: string) => boolean = () => false,
): Map<string, number> {
  const section = elf.sections.find(({ name }) => name === '.BTF');
  if (!section) throw new LabError('kernel.unsupported', 'the kernel image has no BTF');
  const btf = sectionBytes(elf, section);
  const header = btf.readUInt32LE(4);
  const types = header + btf.readUInt32LE(8);
  const end = types + btf.readUInt32LE(12);
  const strings = header + btf.readUInt32LE(16);
  const wanted = new Set(names);
  const sizes = new Map<string, number>();
  for (let at = types; at < end && sizes.size < wanted.size;) {
    const info = btf.readUInt32LE(at + 4);
    const kind = (info >> 24) & 31;
    if (kind === kindStruct) {
      const name = cString(btf, strings + btf.readUInt32LE(at));
      if (wanted.has(name)) sizes.set(name, btf.readUInt32LE(at + 8));
    }
    at += 12 + tailSize(kind, info & 0xffff);
  }
  const missing = names.find((name) => !sizes.has(name) && !mayLack(name));
  if (missing) throw new LabError('kernel.unsupported', `the BTF of the kernel has no struct ${missing}`);
  return sizes;
}
