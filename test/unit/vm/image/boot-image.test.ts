import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runStage } from '../../../../lab/src/core/operation.ts';
import { ensureBootImage } from '../../../../lab/src/vm/image/boot-image.ts';
import { bzImage, elfNote, elfWithNotes } from '../../../support/elf-image.ts';
import { operate } from '../../../support/operation.ts';

/** In the frame that needs no tool to unpack: one block of literals, and the size behind it (lab/src/kernel/lz4.ts). */
function packed(content: Buffer): Buffer {
  const more = content.length - 15;
  const lengths = [...Array.from({ length: Math.floor(more / 255) }, () => 255), more % 255];
  const block = Buffer.concat([Buffer.from([0xf0, ...lengths]), content]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  return Buffer.concat([Buffer.from('02214c18', 'hex'), size, block, Buffer.alloc(4)]);
}

describe('ensureBootImage', () => {
  let scratch: string;
  beforeEach(async () => void (scratch = await mkdtemp(join(tmpdir(), 'lpl-boot-'))));
  afterEach(() => rm(scratch, { recursive: true }));

  async function bootImageOf(vmlinuz: Buffer): Promise<Buffer> {
    const path = join(scratch, 'vmlinuz');
    await writeFile(path, vmlinuz);
    const kernel = { name: 'tree:/x', release: '6.12', artefact: 'x', vmlinuz: path, modulesDir: '' };
    const image = await operate((ctx) =>
      runStage(ctx, { id: 'boot-image', title: 'boot image' }, (stage) =>
        ensureBootImage({ kernel, labRoot: '/none' }, join(scratch, 'images'), stage),
      ),
    );
    return readFile(image);
  }

  const entry = elfNote('Xen', 18, Buffer.alloc(4));
  const other = elfNote('GNU', 3, Buffer.alloc(20));

  it('is the unpacked ELF image where it can be entered as it is', async () => {
    const elf = elfWithNotes(Buffer.concat([other, entry]));
    assert.deepEqual(await bootImageOf(bzImage(packed(elf))), elf);
  });

  it('is the bzImage where QEMU would find no entry into the unpacked one', async () => {
    const vmlinuz = bzImage(packed(elfWithNotes(other)));
    assert.deepEqual(await bootImageOf(vmlinuz), vmlinuz);
  });

  it('is the bzImage where it is packed in a way of its own', async () => {
    const vmlinuz = bzImage(Buffer.from('LZO or so'));
    assert.deepEqual(await bootImageOf(vmlinuz), vmlinuz);
  });
});
