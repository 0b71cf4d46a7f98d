import assert from 'node:assert/strict';
import { unpackLegacyLz4 } from '../../../lab/src/kernel/lz4.ts';

/** A file with one block, written by hand from the format. */
function legacyFile(block: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  return Buffer.concat([Buffer.from('02214c18', 'hex'), size, block]);
}

/** `literals`, then a match of 4 + `more` bytes at that distance, then the closing literal. */
const block = (literals: string, distance: number, more: number) =>
  Buffer.from([(literals.length << 4) | more, ...Buffer.from(literals), distance, 0, 0x10, ...Buffer.from('!')]);

describe('unpackLegacyLz4', () => {
  const unpacked = (file: Buffer) => unpackLegacyLz4(file).toString();

  it('repeats what it has unpacked, even what the match itself makes', () => {
    assert.equal(unpacked(legacyFile(block('abc', 3, 5))), 'abcabcabcabc!');
    assert.equal(unpacked(legacyFile(block('abc', 1, 0))), 'abccccc!');
  });
  it('reads lengths that do not fit into the token', () => {
    const long = Buffer.concat([Buffer.from([0xf0, 255, 30]), Buffer.alloc(300, 'x')]);
    assert.equal(unpacked(legacyFile(long)), 'x'.repeat(300));
    const match = Buffer.from([0x1f, 0x61, 1, 0, 10, 0x10, 0x21]);
    assert.equal(unpacked(legacyFile(match)), `${'a'.repeat(1 + 4 + 15 + 10)}!`);
  });
  it('puts blocks one after the other, and stops at the size the kernel appends', () => {
    const one = legacyFile(block('abc', 3, 5));
    const size = Buffer.from([0, 0, 0, 2]);
    assert.equal(unpacked(Buffer.concat([one, one.subarray(4), size])), 'abcabcabcabc!'.repeat(2));
  });
  it('refuses what is damaged', () => {
    for (const bad of [block('abc', 9, 0), block('abc', 0, 0), Buffer.from([0xf0, 255])])
      assert.throws(() => unpackLegacyLz4(legacyFile(bad)), { code: 'state.corrupt' });
    assert.throws(() => unpackLegacyLz4(Buffer.from('02214c18', 'hex')), { code: 'state.corrupt' });
  });
});
