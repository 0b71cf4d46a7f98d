// Livepatches in a real guest: loaded, followed, disabled, unloaded; refused; stalled and rolled back; cancelled.

import assert from 'node:assert/strict';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { disableLivepatch } from '../../lab/src/klp/disable-livepatch.ts';
import { readKlpStatus } from '../../lab/src/klp/klp-status.ts';
import { loadLivepatch } from '../../lab/src/klp/load-livepatch.ts';
import { unloadLivepatch } from '../../lab/src/klp/unload-livepatch.ts';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { buildTestModule } from '../support/build-module.ts';
import { operate } from '../support/operation.ts';
import { openTestLab, startTestMachine, type TestLab } from '../support/test-machine.ts';

/** A task that waits in fifo_open, and is there when the script ends. */
const blockedReader = 'cat /tmp/fifo > /dev/null 2>&1 & until grep -q fifo_open /proc/$!/stack; do sleep 0.1; done';

describe('livepatches in a guest', () => {
  let lab: TestLab;
  let machine: RunningMachine;
  const { signal } = new AbortController();
  const cmdline = async () => (await machine.guest.exec(['cat', '/proc/cmdline'], { signal })).stdout;
  const load = async (
    module: string,
    options: { timeoutMs?: number; signal?: AbortSignal; events?: LabEvent[] } = {},
  ) => {
    const content = await buildTestModule(module);
    const { timeoutMs, ...rest } = options;
    const request = { guest: machine.guest, module, content, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    return operate((ctx) => loadLivepatch(request, ctx), rest);
  };
  const disable = (module: string) => operate((ctx) => disableLivepatch({ guest: machine.guest, module }, ctx));
  const unload = (module: string) => operate((ctx) => unloadLivepatch({ guest: machine.guest, module }, ctx));

  before(async () => {
    lab = await openTestLab();
    machine = await startTestMachine(lab.paths, 'klp');
  });
  after(async () => {
    await machine.stop();
    await lab.close();
  });

  it('changes behaviour from load to disable, and unloads', async () => {
    const events: LabEvent[] = [];
    const patched = await load('lpl_cmdline', { events });
    assert.equal(patched.outcome, 'complete');
    assert.ok(patched.samples.length > 0);
    assert.equal(patched.samples.at(-1)?.remaining, 0);
    assert.ok(events.some((event) => event.type === 'klp.transition' && event.complete));
    assert.equal(await cmdline(), 'patched by lpl_cmdline\n');
    const status = await readKlpStatus(machine.guest, signal);
    assert.deepEqual(
      status.map(({ name, enabled, transition, objects }) => ({ name, enabled, transition, objects })),
      [
        {
          name: 'lpl_cmdline',
          enabled: true,
          transition: false,
          objects: [{ name: 'vmlinux', patched: true, functions: ['cmdline_proc_show'] }],
        },
      ],
    );
    await assert.rejects(unload('lpl_cmdline'), { code: 'klp.busy' });
    assert.equal((await disable('lpl_cmdline')).outcome, 'complete');
    await unload('lpl_cmdline');
    assert.match(await cmdline(), /console=ttyS0/);
    assert.deepEqual(await readKlpStatus(machine.guest, signal), []);
  });

  it('quotes the kernel when it refuses a module', async () => {
    await assert.rejects(load('lpl_missing'), (error: Error & { code: string; details: { dmesg: string[] } }) => {
      assert.equal(error.code, 'klp.load-rejected');
      assert.match(error.message, /symbol 'no_such_function' not found/);
      assert.ok(error.details.dmesg.some((line) => line.includes('no_such_function')));
      return true;
    });
    assert.deepEqual(await readKlpStatus(machine.guest, signal), []);
  });

  it('names the task that stalls a transition, and rolls back', async () => {
    await machine.guest.script(`mkfifo /tmp/fifo; ${blockedReader}`, { signal });
    const events: LabEvent[] = [];
    const result = await load('lpl_fifo', { timeoutMs: 3_000, events });
    assert.equal(result.outcome, 'reversed');
    const [task] = result.stalled;
    assert.equal(result.stalled.length, 1);
    assert.equal(task?.comm, 'cat');
    assert.equal(task?.patchState, 0);
    assert.ok(
      task?.stack.some((frame) => frame.startsWith('fifo_open')),
      task?.stack.join(),
    );
    assert.ok(events.some((event) => event.type === 'klp.stalled' && event.tasks[0]?.comm === 'cat'));
    assert.deepEqual(await readKlpStatus(machine.guest, signal), []);
    await unload('lpl_fifo');
    // The task was not harmed: it still waits for, and gets, its writer.
    const { exitCode } = await machine.guest.script('echo x > /tmp/fifo', { signal });
    assert.equal(exitCode, 0);
  });

  it('reverses the transition when cancelled in the middle of it', async () => {
    await machine.guest.script(blockedReader, { signal });
    const abort = new AbortController();
    const events: LabEvent[] = [];
    const loading = load('lpl_fifo', { signal: abort.signal, events });
    const timer = setInterval(() => {
      if (events.some((event) => event.type === 'klp.transition')) abort.abort(new Error('cancelled by the test'));
    }, 20);
    await assert.rejects(loading, { code: 'op.cancelled' }).finally(() => clearInterval(timer));
    assert.deepEqual(await readKlpStatus(machine.guest, signal), []);
    await unload('lpl_fifo');
    await machine.guest.script('echo x > /tmp/fifo', { signal });
  });

  it('says that a livepatch is unknown', async () => {
    await assert.rejects(disable('lpl_cmdline'), { code: 'klp.unknown' });
    await assert.rejects(unload('lpl_cmdline'), { code: 'klp.unknown' });
    await assert.rejects(unload('../etc'), { code: 'usage.invalid' });
  });
});
