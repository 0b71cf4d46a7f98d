import assert from 'node:assert/strict';
import { bzImagePayload } from '../../../lab/src/kernel/vmlinux-image.ts';
import { bzImage } from '../../support/elf-image.ts';

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
