import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskUse } from '../../../lab/src/kernel/disk-use.ts';

describe('diskUse', () => {
  const { signal } = new AbortController();
  const names = ['source-1', 'tree-1'];
  let room: string;
  const put = async (name: string, bytes: number) => {
    await mkdir(join(room, name, 'deep'), { recursive: true });
    await writeFile(join(room, name, 'deep/file'), Buffer.alloc(bytes, 1));
  };
  const sizes = async () => {
    const found = await diskUse(room, names, signal);
    return names.map((name) => Math.round((found.get(name) ?? 0) / 100_000));
  };

  beforeEach(async () => {
    room = await mkdtemp(join(tmpdir(), 'lpl-disk-'));
    for (const name of names) await put(name, 100_000);
  });
  afterEach(() => rm(room, { recursive: true }));

  it('counts a source once, and everything else each time', async () => {
    assert.deepEqual(await sizes(), [1, 1]);
    for (const name of names) await put(name, 400_000);
    assert.deepEqual(await sizes(), [1, 4]);
  });

  it('counts a source again that was made anew', async () => {
    await sizes();
    await rename(join(room, 'source-1'), join(room, 'gone'));
    await put('source-1', 300_000);
    await utimes(join(room, 'source-1'), 1, 1);
    assert.deepEqual(await sizes(), [3, 1]);
  });

  it('counts all when what it kept cannot be read', async () => {
    await sizes();
    await writeFile(join(room, 'sizes.json'), 'torn');
    assert.deepEqual(await sizes(), [1, 1]);
  });

  it('counts nothing for one that has gone', async () => {
    await sizes();
    await rm(join(room, 'source-1'), { recursive: true });
    assert.deepEqual(await sizes(), [0, 1]);
  });
});
