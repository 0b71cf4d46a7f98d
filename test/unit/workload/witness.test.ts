// The witness over a stream whose lines come when the test says so.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guest } from '../../../lab/src/vm/guest/guest.ts';
import { startWitness } from '../../../lab/src/workload/witness.ts';

const { signal } = new AbortController();

async function watch() {
  const pipe = new PassThrough();
  const stream = { lines: createInterface(pipe), ended: Promise.resolve({ exitCode: 0 }), close: () => pipe.end() };
  let now = 0;
  const witness = await startWitness(
    { stream: async () => stream } as unknown as Guest,
    ['lpl-agent'],
    () => now,
    signal,
  );
  /** `lateMs`: the line took so much longer than others. */
  const beat = async (atMs: number, lateMs = 0) => {
    const before = witness.samples.length;
    now = atMs;
    pipe.write(`{"upUs":${(5000 + atMs - lateMs) * 1000},"wallUs":2,"gapUs":3}\n`);
    while (witness.samples.length === before) await new Promise(setImmediate);
  };
  return { witness, beat };
}

describe('startWitness', () => {
  it('waits for as many samples as are wanted, however late they come', async () => {
    const { witness, beat } = await watch();
    await beat(5);
    let heard = false;
    const waiting = witness.untilHeard(2, 10, 5000, signal).then(() => (heard = true));
    await beat(10);
    await beat(300, 295);
    await sleep(60);
    assert.equal(heard, false, 'the second was taken before');
    await beat(900);
    await waiting;
    await witness.stop();
    assert.equal(witness.isWatching(), false);
  });

  it('says when nothing more is heard', async () => {
    const { witness, beat } = await watch();
    await beat(5);
    await assert.rejects(witness.untilHeard(1, 6, 30, signal), { code: 'op.timeout' });
    await witness.stop();
  });
});
