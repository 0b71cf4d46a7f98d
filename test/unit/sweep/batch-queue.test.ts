import assert from 'node:assert/strict';
import { openBatchQueue } from '../../../lab/src/sweep/batch-queue.ts';

describe('openBatchQueue', () => {
  it('hands out full batches at once, the rest at the end, then nothing', async () => {
    const queue = openBatchQueue<number>(2);
    const first = queue.next();
    queue.add(1);
    queue.add(2);
    queue.add(3);
    assert.deepEqual(await first, [1, 2]);
    const second = queue.next();
    queue.close();
    assert.deepEqual(await second, [3]);
    assert.equal(await queue.next(), undefined);
  });
});
