// Notes of an ELF64 file (elf(5)): what a kernel image says of itself to those that load or identify it.

import { open } from 'node:fs/promises';

/** Which note: its owner, as a string without the closing NUL, and the owner's number for it. */
export type NoteKind = { owner: string; type: number };

const segmentNote = 4; // PT_NOTE
const noteBytesMax = 64 * 1024;

/** Content of the first such note among the bytes of a note segment (what /sys/kernel/notes holds); undefined when there is none. */
export function noteIn(notes: Buffer, kind: NoteKind): Buffer | undefined {
  const owner = `${kind.owner}\0`;
  for (let at = 0; at + 12 <= notes.length;) {
    const nameBytes = notes.readUInt32LE(at);
    const contentBytes = notes.readUInt32LE(at + 4);
    const content = at + 12 + padded(nameBytes);
    const isItsOwner = notes.toString('latin1', at + 12, at + 12 + owner.length) === owner;
    if (isItsOwner && notes.readUInt32LE(at + 8) === kind.type) return notes.subarray(content, content + contentBytes);
    at = content + padded(contentBytes);
  }
  return undefined;
}

/**
 * The note of an ELF64 file; undefined when it has none, or there is no such file. Reads the note segments only: with
 * debug information a vmlinux may be gigabytes.
 */
export async function readElfNote(path: string, kind: NoteKind): Promise<Buffer | undefined> {
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
      const found = noteIn(await read(Number(segments.readBigUInt64LE(at + 8)), Math.min(length, noteBytesMax)), kind);
      if (found) return found;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

const padded = (bytes: number) => Math.ceil(bytes / 4) * 4;
