import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { sweepScratch, withScratch } from '../../../lab/src/build/scratch.ts';

describe('scratch directories of builds', () => {
  let room: string;
  beforeEach(() => (room = mkdtempSync(join(tmpdir(), 'lpl-scratch-'))));
  afterEach(() => rmSync(room, { recursive: true }));

  it('are removed at the end, also of a build that throws', async () => {
    await withScratch(room, async (scratch) => assert.ok(existsSync(scratch)));
    await assert.rejects(
      withScratch(room, async () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.deepEqual(readdirSync(room), []);
  });

  it('are swept when their process is dead, and only then', async () => {
    await withScratch(room, async (scratch) => {
      const [, pid, startTicks] = basename(scratch).split('-');
      assert.equal(Number(pid), process.pid);
      // Another process had this pid before, and pid 4194304 is above what Linux gives out.
      const dead = [`work-${pid}-${Number(startTicks) - 1}-abcdef`, 'work-4194304-1-abcdef', 'work-abcdef'];
      for (const name of [...dead, 'tree-0123', 'unit-work-1']) mkdirSync(join(room, name));
      await sweepScratch(room);
      assert.deepEqual(readdirSync(room).sort(), ['tree-0123', 'unit-work-1', basename(scratch)].sort());
    });
  });
});
