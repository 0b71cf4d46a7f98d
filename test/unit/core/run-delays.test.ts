// The scheduler's counters of real threads: this process, and a child that ends.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { longestDelayMs, openRunDelays } from '../../../lab/src/core/run-delays.ts';

describe('openRunDelays', () => {
  it('reads every thread and every CPU, again and again', () => {
    const delays = openRunDelays(process.pid);
    const [first, second] = [delays.read(), delays.read()];
    delays.close();
    const main = String(process.pid);
    assert.ok(first.has('cpu0') && first.has(main));
    assert.deepEqual([...first.keys()], [...second.keys()]);
    assert.ok((second.get(main) ?? -1) >= (first.get(main) ?? 0));
  });

  it('forgets a process that has ended, and tells of the CPUs still', async () => {
    const child = spawn('sleep', ['60']);
    const delays = openRunDelays(child.pid ?? 0);
    assert.ok(delays.read().has(String(child.pid)));
    child.kill();
    await once(child, 'exit');
    const after = delays.read();
    assert.ok(after.has('cpu0') && !after.has(String(child.pid)));
    delays.close();
  });

  it('may be closed twice', () => {
    const delays = openRunDelays(process.pid);
    delays.read();
    delays.close();
    assert.doesNotThrow(() => delays.close());
  });
});

describe('longestDelayMs', () => {
  it('is the most that any one has waited; who is new has not', () => {
    const before = new Map([
      ['1', 5e6],
      ['2', 0],
    ]);
    const after = new Map([
      ['1', 7e6],
      ['2', 30e6],
      ['3', 900e6],
    ]);
    assert.equal(longestDelayMs(before, after), 30);
  });
});
