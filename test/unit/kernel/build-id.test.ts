import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIdIn, readBuildId } from '../../../lab/src/kernel/build-id.ts';
import { elfNote, elfWithNotes } from '../../support/elf-image.ts';

describe('build id', () => {
  const id = Buffer.from('a29311dbd00d8eb9338c4aaf9a6febe7a86f56fe', 'hex');

  it('is found among other notes, as /sys/kernel/notes has them', () => {
    const others = [
      elfNote('Xen', 6, Buffer.from('linux\0')),
      elfNote('Linux', 257, Buffer.alloc(2)),
      elfNote('GNU', 1, id),
    ];
    assert.equal(buildIdIn(Buffer.concat([...others, elfNote('GNU', 3, id)])), id.toString('hex'));
    assert.equal(buildIdIn(Buffer.concat(others)), undefined);
    assert.equal(buildIdIn(Buffer.from('short')), undefined);
  });

  it('is read from the note segment of an ELF file, and from nothing else', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lpl-elf-'));
    try {
      const image = join(directory, 'vmlinux');
      await writeFile(image, elfWithNotes(elfNote('GNU', 3, id)));
      assert.equal(await readBuildId(image), id.toString('hex'));
      await writeFile(image, elfWithNotes(elfNote('GNU', 1, id)));
      assert.equal(await readBuildId(image), undefined);
      await writeFile(image, '#!/bin/sh');
      assert.equal(await readBuildId(image), undefined);
      assert.equal(await readBuildId(join(directory, 'missing')), undefined);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
