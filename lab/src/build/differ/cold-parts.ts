// A changed function whose .cold part stays byte for byte the same: create-diff-object takes the part for unchanged and makes
// the new function jump into the old one's .cold, which jumps back into the old function. The part has to come along.

import type { Elf } from '../../kernel/elf.ts';

/** Sections of .cold parts of the functions in `taken` that are not in `taken` themselves. */
export function coldPartsLeftBehind(patched: Elf, taken: readonly string[]): string[] {
  const names = new Set(taken);
  return patched.symbols
    .filter(({ name, type }) => type === 'func' && name.endsWith('.cold') && !names.has(name))
    .filter(({ name }) => names.has(name.slice(0, -'.cold'.length)))
    .map(({ section }) => patched.sections[section]?.name ?? '');
}

/**
 * The object with an `int3` behind the code of these sections, so that they differ from the original's. They go to the end
 * of the file, only their headers change: `objcopy --update-section` would throw their relocations away.
 */
export function padSections({ bytes, sections }: Elf, names: readonly string[]): Buffer {
  const whole = Buffer.from(bytes);
  const parts: Uint8Array[] = [whole];
  const headers = Number(bytes.readBigUInt64LE(shoff));
  let end = bytes.length;
  for (const { index, offset, size } of sections.filter(({ name }) => names.includes(name))) {
    const gap = Buffer.alloc(-end & 15);
    parts.push(gap, bytes.subarray(offset, offset + size), Buffer.from([int3]));
    const header = headers + index * 64;
    whole.writeBigUInt64LE(BigInt(end + gap.length), header + 24);
    whole.writeBigUInt64LE(BigInt(size + 1), header + 32);
    end += gap.length + size + 1;
  }
  return Buffer.concat(parts);
}

/** Where the header of the file says where those of its sections are. */
const shoff = 0x28;
const int3 = 0xcc;
