// The least of what kernel images are made of, byte by byte: notes, an ELF file that has some, a bzImage around a payload.

/** One ELF note (elf(5)): sizes and type, then name and content, each padded to four bytes. */
export function elfNote(name: string, type: number, content: Buffer): Buffer {
  const head = Buffer.alloc(12);
  [name.length + 1, content.length, type].forEach((value, index) => head.writeUInt32LE(value, index * 4));
  const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
  return Buffer.concat([head, pad(Buffer.from(`${name}\0`)), pad(content)]);
}

/** A header, one PT_NOTE segment header behind it, and the notes. */
export function elfWithNotes(notes: Buffer): Buffer {
  const [header, segment] = [Buffer.alloc(64), Buffer.alloc(56)];
  header.write('\x7fELF\x02\x01', 'latin1');
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  segment.writeUInt32LE(4, 0);
  segment.writeBigUInt64LE(120n, 8);
  segment.writeBigUInt64LE(BigInt(notes.length), 32);
  return Buffer.concat([header, segment, notes]);
}

/** A bzImage as far as its setup header goes: one setup sector beyond the boot sector, payload 16 bytes into the code. */
export function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(1024 + 16 + payload.length);
  image[0x1f1] = 1;
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt32LE(16, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  payload.copy(image, 1024 + 16);
  return image;
}
