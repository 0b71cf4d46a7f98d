import assert from 'node:assert/strict';
import { engineFor, insteadOf } from '../../../lab/src/build/engine-for.ts';
import type { BuildEngine } from '../../../lab/src/build/result.ts';
import { isLabError } from '../../../lab/src/core/error.ts';

const stock = { target: 'debian:trixie/cloud-amd64', kind: 'stock' } as const;
const tree = { target: 'tree:/k', kind: 'tree' } as const;

describe('the engine for a file', () => {
  it('is objdiff for a patch and module for C, whatever the target', () => {
    for (const on of [stock, tree]) {
      assert.equal(engineFor({ ...on, fileName: 'fix.patch' }), 'objdiff');
      assert.equal(engineFor({ ...on, fileName: 'fix.c' }), 'module');
      assert.equal(engineFor({ ...on, fileName: 'fix.c', wanted: 'module' }), 'module');
    }
  });

  it('is one that builds the whole kernel for those who ask, in their own tree', () => {
    for (const wanted of ['klp-build', 'kpatch-build'] as const)
      assert.equal(engineFor({ ...tree, fileName: 'fix.patch', wanted }), wanted);
  });

  const refusal = (wanted: BuildEngine, fileName: string, on: typeof stock | typeof tree) => {
    try {
      engineFor({ ...on, fileName, wanted });
    } catch (error) {
      if (isLabError(error, 'usage.invalid')) return error.message;
    }
    return undefined;
  };

  it('cannot be one that takes no such file or target', () => {
    assert.equal(refusal('objdiff', 'fix.c', stock), 'engine objdiff cannot build fix.c');
    assert.equal(refusal('module', 'fix.patch', tree), 'engine module cannot build fix.patch');
    assert.equal(refusal('klp-build', 'fix.c', tree), 'engine klp-build cannot build fix.c');
    assert.match(String(refusal('kpatch-build', 'fix.patch', stock)), /debian:trixie\/cloud-amd64 is a stock kernel$/);
  });

  it('says what the others would do', () => {
    const say = (kind: 'stock' | 'tree', release: string, ...options: string[]) =>
      insteadOf({ kind, release, config: new Map(options.map((name) => [name, 'y'])) });
    assert.equal(say('stock', '6.12.1', 'DEBUG_INFO', 'X86_KERNEL_IBT'), 'IBT on (kpatch-build refuses it)');
    assert.equal(say('tree', '6.12.1', 'DEBUG_INFO'), 'kpatch-build would build the kernel twice');
    assert.equal(say('tree', '7.2.1', 'KLP_BUILD', 'X86_KERNEL_IBT'), 'klp-build would build the kernel twice');
    assert.equal(say('stock', '7.2.1', 'KLP_BUILD'), 'klp-build would need it built, twice');
    assert.equal(say('tree', '6.12.1'), 'no other engine takes it');
  });
});
