import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIdIn, readBuildId } from '../../../lab/src/kernel/build-id.ts';

/** One ELF note: sizes and type, then name and content, each padded to four bytes. */
function note(name: string, type: number, content: Buffer): Buffer {
  const head = Buffer.alloc(12);
  [name.length + 1, content.length, type].forEach((value, index) => head.writeUInt32LE(value, index * 4));
  const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
  return Buffer.concat([head, pad(Buffer.from(`${name}\0`)), pad(content)]);
}

describe('build id', () => {
  const id = Buffer.from('a29311dbd00d8eb9338c4aaf9a6febe7a86f56fe', 'hex');

  it('is found among other notes, as /sys/kernel/notes has them', () => {
    const others = [note('Xen', 6, Buffer.from('linux\0')), note('Linux', 257, Buffer.alloc(2)), note('GNU', 1, id)];
    assert.equal(buildIdIn(Buffer.concat([...others, note('GNU', 3, id)])), id.toString('hex'));
    assert.equal(buildIdIn(Buffer.concat(others)), undefined);
    assert.equal(buildIdIn(Buffer.from('short')), undefined);
  });

  it('is read from the note segment of an ELF file, and from nothing else', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lpl-elf-'));
    try {
      const image = join(directory, 'vmlinux');
      await writeFile(image, elfWith(note('GNU', 3, id)));
      assert.equal(await readBuildId(image), id.toString('hex'));
      await writeFile(image, elfWith(note('GNU', 1, id)));
      assert.equal(await readBuildId(image), undefined);
      await writeFile(image, '#!/bin/sh');
      assert.equal(await readBuildId(image), undefined);
      assert.equal(await readBuildId(join(directory, 'missing')), undefined);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

/** The least ELF64 file: a header, one PT_NOTE segment header behind it, and the notes. */
function elfWith(notes: Buffer): Buffer {
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
