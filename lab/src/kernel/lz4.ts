// Unpacks LZ4 in the legacy frame that kernel images are packed with (6.1 of Debian): blocks, each after its packed size,
// of at most 8 MiB when unpacked. Formats: lz4_Frame_format.md ("Legacy frame") and lz4_Block_format.md of lz4.

import { LabError } from '../core/error.ts';

const blockBytesMax = 8 * 1024 * 1024;

/** The unpacked bytes. `packed` begins with the magic number; what follows the last block is not looked at. Throws `state.corrupt`. */
export function unpackLegacyLz4(packed: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 4; at + 4 <= packed.length;) {
    const sizeBytes = packed.readUInt32LE(at);
    if (sizeBytes === 0 || at + 4 + sizeBytes > packed.length) break;
    blocks.push(unpackBlock(packed.subarray(at + 4, at + 4 + sizeBytes)));
    at += 4 + sizeBytes;
  }
  if (blocks.length === 0) throw new LabError('state.corrupt', 'an LZ4 file holds no block');
  return Buffer.concat(blocks);
}

/** Sequences of literals and a match, which repeats what was unpacked before; the last has literals only. */
function unpackBlock(packed: Buffer): Buffer {
  const out = Buffer.allocUnsafe(blockBytesMax);
  let from = 0;
  let to = 0;
  const length = (nibble: number) => {
    let sum = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; sum += byte) byte = packed[from++] ?? 0;
    return sum;
  };
  while (from < packed.length) {
    const token = packed[from++] ?? 0;
    const literals = length(token >> 4);
    const isInside = from + literals <= packed.length && to + literals <= out.length;
    if (!isInside) throw new LabError('state.corrupt', 'an LZ4 block is damaged');
    packed.copy(out, to, from, from + literals);
    from += literals;
    to += literals;
    if (from >= packed.length) break;
    const distance = packed.readUInt16LE(from);
    from += 2;
    const repeated = length(token & 15) + 4;
    if (distance === 0 || distance > to || to + repeated > out.length)
      throw new LabError('state.corrupt', 'an LZ4 block is damaged');
    // The match may overlap what it makes: distance 1 repeats one byte.
    for (const end = to + repeated; to < end;) {
      const step = Math.min(distance, end - to);
      out.copy(out, to, to - distance, to - distance + step);
      to += step;
    }
  }
  return out.subarray(0, to);
}
