// Every way a guest can go wrong, for real: told as it happens, with registers and stack, and kept for who comes later.

import assert from 'node:assert/strict';
import { silentAfterMs } from '../../lab/src/vm/heartbeat.ts';
import { inspectInstance } from '../../lab/src/vm/instance-state.ts';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { machineDetails } from '../../lab/src/vm/machine-details.ts';
import { resetMachine } from '../../lab/src/vm/reset-machine.ts';
import { buildTestModule } from '../support/build-module.ts';
import { operate } from '../support/operation.ts';
import { openTestLab, startTestMachine, type TestLab } from '../support/test-machine.ts';
import { watchEvents } from '../support/watch-events.ts';

const { signal } = new AbortController();
// Time in which the host did not run the guest is not held against it: on a busy host a silence takes minutes to be one.
const patienceMs = 400_000;

/** Resolves when the script has ended; need not be waited for, for some never come back. */
const start = (machine: RunningMachine, script: string): Promise<unknown> =>
  machine.guest.script(script, { signal, timeoutMs: patienceMs }).catch(() => undefined);

async function machineInTrouble(lab: TestLab, name: string): Promise<RunningMachine> {
  const machine = await startTestMachine(lab.paths, name);
  await machine.guest.upload(await buildTestModule('lpl_trouble'), '/run/lpl_trouble.ko', 0o600, { signal });
  await machine.guest.exec(['insmod', '/run/lpl_trouble.ko'], { signal });
  return machine;
}

describe('a guest in trouble', () => {
  let lab: TestLab;
  let machine: RunningMachine;
  before(async () => {
    lab = await openTestLab();
    machine = await machineInTrouble(lab, 'trouble');
  });
  after(async () => {
    await machine.stop();
    await lab.close();
  });

  // Before the oops: after one the kernel reports no hung tasks any more (kernel/hung_task.c, TAINT_DIE). Afterwards the
  // kernel is patient again: on a busy host a guest's CPU may well stand still for three seconds.
  it('is locked up, stalls RCU, and has a task that hangs', async () => {
    const watcher = await watchEvents(machine, patienceMs);
    const trouble = start(
      machine,
      `echo 1 > /proc/sys/kernel/hung_task_timeout_secs
echo 1 > /proc/sys/kernel/watchdog_thresh
echo 3 > /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
echo hang > /proc/lpl_trouble
echo stall > /proc/lpl_trouble
echo 60 > /proc/sys/kernel/watchdog_thresh
echo 120 > /proc/sys/kernel/hung_task_timeout_secs
echo 60 > /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout`,
    );
    for (const [kind, what] of [
      ['hung-task', /state:D[^]*schedule_timeout/],
      // The clock that it spins by may be where it is met.
      ['lockup', /RIP: 0010:(?=[^]*trouble\+0x)[^]*Call Trace:/],
      ['rcu-stall', /detected stall|self-detected[^]*trouble\+0x/],
    ] as const)
      assert.match((await watcher.report(kind)).lines.join('\n'), what);
    await trouble;
    await watcher.close();
  });

  it('oopses: told with registers and stack, while it runs on, and shown afterwards', async () => {
    const watcher = await watchEvents(machine, patienceMs);
    void start(machine, 'echo oops > /proc/lpl_trouble');
    const { lines } = await watcher.report('oops');
    assert.match(lines.join('\n'), /RIP: 0010:trouble\+0x[^]*RAX: [^]*Call Trace:[^]*proc_reg_write/);
    const details = await machineDetails(lab.paths, 'trouble', signal);
    assert.equal(details.state, 'running');
    assert.match(details.lastReport?.problem.text ?? '', /NULL pointer dereference/);
    await watcher.close();
  });

  it('is merely busy, on every CPU and in silence: nobody is accused', async () => {
    const watcher = await watchEvents(machine, patienceMs);
    const seconds = silentAfterMs / 1000 + 5;
    await machine.guest.script(`for i in 1 2 3 4 5 6; do timeout ${seconds} yes > /dev/null & done; wait`, {
      signal,
      timeoutMs: patienceMs,
    });
    assert.deepEqual(
      watcher.events.filter(({ type }) => type === 'problem'),
      [],
    );
    await watcher.close();
  });

  it('falls silent with its CPUs spinning: told with their registers; a stopped one is not accused', async () => {
    await machine.qmp('stop', {}, signal);
    const watcher = await watchEvents(machine, patienceMs);
    await machine.qmp('cont', {}, signal);
    void start(machine, 'echo deadlock > /proc/lpl_trouble');
    const { problem, lines } = await watcher.report('silent-hang');
    assert.match(problem.text, /CPU#0 at [0-9a-f]{16}, running, interrupts off; CPU#1 at [0-9a-f]{16}, running/);
    assert.match(lines.join('\n'), /RAX=[0-9a-f]{16}[^]*CR3=/);
    await watcher.close();
    await operate((ctx) => resetMachine(machine, ctx));
    const details = await machineDetails(lab.paths, 'trouble', signal);
    assert.deepEqual([details.state, details.lastReport], ['running', undefined], 'after a reset all is well');
  });
});

describe('a guest that is lost', () => {
  let lab: TestLab;
  before(async () => void (lab = await openTestLab()));
  after(() => lab.close());

  it('panics: told with its stack, and why is kept', async () => {
    const machine = await startTestMachine(lab.paths, 'panics');
    const watcher = await watchEvents(machine, patienceMs);
    void start(machine, 'echo c > /proc/sysrq-trigger');
    const { lines } = await watcher.report('panic');
    assert.match(lines.join('\n'), /sysrq triggered crash[^]*sysrq_handle_crash/);
    await watcher.ended;
    const details = await machineDetails(lab.paths, 'panics', signal);
    assert.deepEqual([details.state, details.lastReport?.lines.length], ['panicked', lines.length]);
    await machine.stop();
  });

  it('triple-faults: told apart from a restart, which says so', async () => {
    const machine = await machineInTrouble(lab, 'faults');
    const watcher = await watchEvents(machine, patienceMs);
    void start(machine, 'echo triple > /proc/lpl_trouble');
    await watcher.ended;
    assert.match((await watcher.report('triple-fault')).problem.text, /double fault/);
    assert.equal(watcher.events.at(-1)?.type, 'ended');
    const state = await inspectInstance(machine.files, signal);
    assert.deepEqual([state?.state, state?.reason?.slice(0, 12)], ['panicked', 'triple fault']);
    await machine.stop();

    const other = await startTestMachine(lab.paths, 'restarts');
    const watching = await watchEvents(other, patienceMs);
    void start(other, 'reboot -f');
    await watching.ended;
    assert.deepEqual(
      watching.events.filter(({ type }) => type === 'report'),
      [],
    );
    assert.equal((await inspectInstance(other.files, signal))?.state, 'stopped');
    await other.stop();
  });
});
