import assert from 'node:assert/strict';
import { type GuestModule, writeModuleIndexes } from '../../../lab/src/vm/guest-modules.ts';
import { readModuleInfo } from '../../../lab/src/vm/module-info.ts';

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
});
