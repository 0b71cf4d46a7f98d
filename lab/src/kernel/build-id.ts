// The build id of a kernel tells whether an ELF image is that of the kernel that runs: a build tree may have moved on.

import { open } from 'node:fs/promises';

const typeBuildId = 3; // NT_GNU_BUILD_ID of elf(5)
const segmentNote = 4; // PT_NOTE
const noteBytesMax = 64 * 1024;

/** The build id among ELF notes (what /sys/kernel/notes holds), in hexadecimal; undefined when there is none. */
export function buildIdIn(notes: Buffer): string | undefined {
  for (let at = 0; at + 12 <= notes.length;) {
    const nameBytes = notes.readUInt32LE(at);
    const contentBytes = notes.readUInt32LE(at + 4);
    const content = at + 12 + padded(nameBytes);
    const isGnu = notes.toString('latin1', at + 12, at + 16) === 'GNU\0';
    if (isGnu && notes.readUInt32LE(at + 8) === typeBuildId)
      return notes.toString('hex', content, content + contentBytes);
    at = content + padded(contentBytes);
  }
  return undefined;
}

/**
 * The build id of an ELF64 file; undefined when it has none, or there is no such file. Reads the note segment only: with
 * debug information a vmlinux may be gigabytes.
 */
export async function readBuildId(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return undefined;
  const read = async (at: number, length: number) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
    return buffer.subarray(0, bytesRead);
  };
  try {
    const header = await read(0, 64);
    if (header.length < 64 || header.toString('latin1', 0, 5) !== '\x7fELF\x02') return undefined;
    const [place, size, count] = [Number(header.readBigUInt64LE(32)), header.readUInt16LE(54), header.readUInt16LE(56)];
    const segments = await read(place, size * count);
    for (let at = 0; at + 56 <= segments.length; at += size) {
      if (segments.readUInt32LE(at) !== segmentNote) continue;
      const length = Number(segments.readBigUInt64LE(at + 32));
      const found = buildIdIn(await read(Number(segments.readBigUInt64LE(at + 8)), Math.min(length, noteBytesMax)));
      if (found) return found;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

const padded = (bytes: number) => Math.ceil(bytes / 4) * 4;
