import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLabError } from '../../../../lab/src/core/error.ts';
import { runStage } from '../../../../lab/src/core/operation.ts';
import { operate } from '../../../support/operation.ts';
import { type GuestModule, readGuestModules, writeModuleIndexes } from '../../../../lab/src/vm/image/guest-modules.ts';
import { readModuleInfo } from '../../../../lab/src/vm/image/module-info.ts';

const module = (name: string, depends: string[] = [], aliases: string[] = []): GuestModule => {
  return { name, path: `kernel/${name}.ko`, content: new Uint8Array(), depends, aliases, vermagic: '' };
};

describe('guest modules', () => {
  it('writes the whole closure to modules.dep, what loads first last', () => {
    const modules = [module('failover'), module('net_failover', ['failover']), module('virtio_net', ['net_failover'])];
    assert.deepEqual(writeModuleIndexes(modules).dep.split('\n'), [
      'kernel/failover.ko:',
      'kernel/net_failover.ko: kernel/failover.ko',
      'kernel/virtio_net.ko: kernel/net_failover.ko kernel/failover.ko',
      '',
    ]);
  });

  it('takes - and _ in names as one', () => {
    const modules = [module('rng-core'), module('virtio-rng', ['rng_core'], ['virtio:d00000004v*'])];
    const { dep, alias } = writeModuleIndexes(modules);
    assert.match(dep, /virtio-rng\.ko: kernel\/rng-core\.ko/);
    assert.equal(alias, 'alias virtio:d00000004v* virtio_rng\n');
  });

  it('refuses what is not a module', () => {
    assert.throws(() => readModuleInfo(Buffer.from('#!/bin/sh')), /64-bit little-endian ELF/);
  });

  it('reads what is wanted, leaves out what is built in or optional and missing, and refuses to miss the rest', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lpl-modules-'));
    const modulesDir = join(directory, 'modules');
    const read = (names: string[], optional: string[]) => {
      const kernel = { name: 'tree:/x', release: '6.12', artefact: 'x', vmlinuz: '', modulesDir };
      const request = { kernel, labRoot: '/nowhere', names, optional, scratch: join(directory, 'scratch') };
      return operate((ctx) =>
        runStage(ctx, { id: 'modules', title: 'modules' }, (stage) => readGuestModules(request, stage)),
      );
    };
    try {
      await mkdir(join(modulesDir, 'kernel/drivers'), { recursive: true });
      await copyFile(
        new URL('../../../fixtures/build/unit/module.ko', import.meta.url),
        join(modulesDir, 'kernel/drivers/virtio_net.ko'),
      );
      await writeFile(join(modulesDir, 'modules.builtin'), 'kernel/fs/ext4/ext4.ko\n');
      const found = await read(['virtio-net', 'ext4'], ['pvpanic-pci']);
      assert.deepEqual(
        found.map(({ path }) => path),
        ['kernel/drivers/virtio_net.ko'],
      );
      await assert.rejects(
        read(['virtio_blk'], []),
        (error) =>
          isLabError(error, 'kernel.unsupported') && /tree:\/x has no module virtio_blk, neither/.test(error.message),
      );
      assert.deepEqual(await readdir(directory), ['modules'], 'nothing unpacked stays');
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
