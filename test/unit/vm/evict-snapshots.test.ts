import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evictSnapshots, markSnapshotUsed } from '../../../lab/src/vm/evict-snapshots.ts';

describe('automatic snapshots', () => {
  let room: string;
  beforeEach(async () => void (room = await mkdtemp(join(tmpdir(), 'lpl-evict-'))));
  afterEach(() => rm(room, { recursive: true }));

  /** One last used that many hours ago. */
  const snapshot = async (name: string, hoursAgo: number, ...files: string[]) => {
    await mkdir(join(room, name));
    for (const file of ['stage.json', 'ram', ...files]) await writeFile(join(room, name, file), '');
    const at = Date.now() / 1000 - hoursAgo * 3600;
    await utimes(join(room, name), at, at);
  };
  const many = async (count: number, hoursAgo: (index: number) => number) => {
    for (let index = 0; index < count; index++) await snapshot(`s${index}`, hoursAgo(index));
  };

  it('beyond twelve, those unused for longest go', async () => {
    await many(15, (index) => 2 + index);
    await markSnapshotUsed(join(room, 's14'));
    await evictSnapshots(room);
    assert.deepEqual((await readdir(room)).length, 12);
    assert.deepEqual(
      (await readdir(room)).filter((name) => ['s11', 's12', 's13', 's14'].includes(name)),
      ['s14'],
    );
  });

  it('used within the hour, being made, or below a root disk, they stay', async () => {
    await many(20, () => 0.5);
    await snapshot('disk', 99, 'root-abc.qcow2');
    await mkdir(join(room, 'x.tmp-1-2'));
    await evictSnapshots(room);
    assert.equal((await readdir(room)).length, 22);
  });
});
