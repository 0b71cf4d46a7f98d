import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findSnapshotDamage,
  keepRootDisk,
  recordSnapshot,
  snapshotRootDisk,
} from '../../../lab/src/vm/snapshot-files.ts';

describe('the files of a snapshot', () => {
  let directory: string;
  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'lpl-snapshot-')), 's');
    await mkdir(directory);
    await writeFile(join(directory, 'ram'), Buffer.alloc(64 * 1024, 1));
    await writeFile(join(directory, 'state'), 'state');
    await writeFile(join(directory, '../overlay'), 'disk');
    await keepRootDisk(directory, join(directory, '../overlay'));
    await recordSnapshot(directory);
  });
  afterEach(() => rm(join(directory, '..'), { recursive: true }));

  const makeHole = async () => {
    await rm(join(directory, 'ram'));
    const file = await open(join(directory, 'ram'), 'w');
    await file.truncate(64 * 1024);
    await file.close();
  };

  it('are found whole', async () => assert.equal(await findSnapshotDamage(directory), undefined));

  it('are no damage when there are none', async () => {
    await rm(directory, { recursive: true });
    assert.equal(await findSnapshotDamage(directory), undefined);
  });

  const damages: [string, () => Promise<void>, RegExp][] = [
    ['a state cut short', () => truncate(join(directory, 'state'), 2), /state has 2 bytes of 5/],
    ['another state', () => writeFile(join(directory, 'state'), 'STATE'), /state was changed/],
    ['memory cut short', () => truncate(join(directory, 'ram'), 4096), /memory has 4096 bytes of 65536/],
    ['memory with holes', makeHole, /memory has new holes/],
    ['no memory', () => rm(join(directory, 'ram')), /files are missing/],
    [
      'another root disk',
      async () => writeFile((await snapshotRootDisk(directory)) ?? '', 'DISK'),
      /root disk was changed/,
    ],
    ['no root disk', async () => rm((await snapshotRootDisk(directory)) ?? ''), /root disk was changed/],
    ['no record', () => rm(join(directory, 'snapshot.json')), /record is missing/],
  ];
  for (const [what, spoil, expected] of damages)
    it(`tell of ${what}`, async () => {
      await spoil();
      assert.match((await findSnapshotDamage(directory)) ?? '', expected);
    });
});
