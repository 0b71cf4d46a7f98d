import assert from 'node:assert/strict';
import { bzImagePayload } from '../../../lab/src/kernel/vmlinux-image.ts';

/** A bzImage as far as its setup header goes: one setup sector beyond the boot sector, payload 16 bytes into the code. */
function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(1024 + 16 + payload.length);
  image[0x1f1] = 1;
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt32LE(16, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  payload.copy(image, 1024 + 16);
  return image;
}

const zstd = Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.from('frame'), Buffer.from([1, 2, 3, 4])]);

describe('bzImagePayload', () => {
  it('finds the payload and cuts the appended size off', () => {
    const { payload, packing } = bzImagePayload(bzImage(zstd), 'vmlinuz');
    assert.ok('suffix' in packing && packing.suffix === '.zst');
    assert.equal(payload.subarray(4).toString(), 'frame');
  });

  it('refuses another file and an unknown packing', () => {
    assert.throws(() => bzImagePayload(Buffer.alloc(4096), 'x'), /not a bzImage/);
    assert.throws(() => bzImagePayload(bzImage(Buffer.from('LZO or so')), 'x'), { code: 'kernel.unsupported' });
  });
});
