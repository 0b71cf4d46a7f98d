import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheUse } from '../../../lab/src/kernel/cache-use.ts';
import { keepKernel } from '../../../lab/src/kernel/find-kernel.ts';

describe('cacheUse', () => {
  const { signal } = new AbortController();
  let cache: string;
  before(async () => {
    cache = mkdtempSync(join(tmpdir(), 'lpl-cache-'));
    const release = '6.12.94+deb13-cloud-amd64';
    for (const [name, bytes] of [
      [`kernels/image-${release}-0011`, 20_000],
      ['kernels/source-6.12.94-0022', 90_000],
      ['kernels/source-6.12.9-0033', 100],
      ['roots/toolroot-trixie-gcc-14-0044', 100],
      ['roots/lab-root-0055', 100],
    ] as const) {
      mkdirSync(join(cache, name), { recursive: true });
      writeFileSync(join(cache, name, 'content'), Buffer.alloc(bytes, 1));
    }
    await keepKernel(join(cache, 'kernels'), {
      target: { suite: 'trixie', flavour: 'cloud-amd64', version: '6.12.94' },
      release,
      image: [],
      headers: '',
      source: '',
      compiler: 'gcc-14',
    });
  });
  after(() => rmSync(cache, { recursive: true }));

  it('tells what each artefact takes and which targets it is for, the largest first', async () => {
    const found = await cacheUse(cache, signal);
    const target = 'debian:trixie/cloud-amd64@6.12.94';
    assert.deepEqual(
      found.map(({ room, name, targets }) => [room, name.slice(0, 16), ...targets]),
      [
        ['kernels', 'source-6.12.94-0', target],
        ['kernels', 'image-6.12.94+de', target],
        ['kernels', 'source-6.12.9-00'],
        ['roots', 'lab-root-0055'],
        ['roots', 'toolroot-trixie-', target],
      ],
    );
    assert.ok((found[0]?.diskBytes ?? 0) >= 90_000);
  });

  it('is empty where there is no cache', async () => assert.deepEqual(await cacheUse(join(cache, 'none'), signal), []));
});
