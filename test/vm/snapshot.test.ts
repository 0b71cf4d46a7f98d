// Machines that begin from the snapshot of a booted one: each its own, none with another's secrets, and what happens when
// the snapshot is not what it was.

import assert from 'node:assert/strict';
import { readdir, readFile, rm, truncate } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { EventBody } from '../../lab/src/core/event.ts';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import {
  listMachineSnapshots,
  machineSnapshotFiles,
  removeMachineSnapshot,
} from '../../lab/src/vm/machine-snapshots.ts';
import { restoreMachine } from '../../lab/src/vm/restore-machine.ts';
import { saveMachine } from '../../lab/src/vm/save-machine.ts';
import { operate } from '../support/operation.ts';
import { makeCacheWithOwn } from '../support/own-rooms.ts';
import { tellsTheTime } from '../support/tells-the-time.ts';
import { openTestLab, qemusOf, startTestMachine, type TestLab } from '../support/test-machine.ts';

const { signal } = new AbortController();

/** What the guest's ssh server makes up first for a connection: the cookie of its KEXINIT (RFC 4253 7.1). */
async function kexCookie({ run }: RunningMachine): Promise<string> {
  const socket = createConnection(run.ports.ssh, '127.0.0.1');
  socket.write('SSH-2.0-test\r\n');
  let said = Buffer.alloc(0);
  for await (const chunk of socket) {
    said = Buffer.concat([said, chunk as Buffer]);
    const packet = said.indexOf('\r\n') + 2;
    // Length, padding length, the message's number 20, then the cookie.
    if (packet < 2 || said.length < packet + 22) continue;
    assert.equal(said[packet + 5], 20);
    socket.destroy();
    return said.subarray(packet + 6, packet + 22).toString('hex');
  }
  throw new Error('the ssh server closed the connection');
}

const dateOf = async ({ guest }: RunningMachine) => (await guest.exec(['date', '+%s'], { signal })).stdout;

describe('a machine from a snapshot', () => {
  let lab: TestLab;
  let machines: RunningMachine[];
  before(async () => {
    lab = await openTestLab();
    machines = [await startTestMachine(lab.paths, 'first'), await startTestMachine(lab.paths, 'second')];
  });
  after(async () => {
    for (const machine of machines) await machine.stop();
    await lab.close();
  });

  const ask = (command: string) =>
    Promise.all(machines.map(async ({ guest }) => (await guest.exec(['sh', '-c', command], { signal })).stdout.trim()));
  const differ = ([a, b]: string[], what: string) => assert.ok(a && b && a !== b, `${what}: ${a} and ${b}`);

  it('shares no secret and no identity with another of the same snapshot', async () => {
    for (const machine of machines) assert.equal(machine.config.start, 'snapshot');
    // Each is connected to with its own host key pinned, so what the host knows is what the guest has.
    differ(await Promise.all(machines.map(({ files }) => readFile(files.sshHostKeyPub, 'utf8'))), 'host key');
    differ(await ask('cat /root/.ssh/authorized_keys'), 'client key');
    differ(await ask('cat /proc/sys/kernel/random/boot_id'), 'boot_id');
    differ(await ask('head -c 16 /dev/urandom | xxd -p'), 'random numbers');
    assert.deepEqual(await ask('hostname'), ['first', 'second']);
    differ(await Promise.all(machines.map(kexCookie)), 'the ssh server’s random numbers');
    for (const log of await ask('dmesg')) assert.match(log, /crng reseeded due to virtual machine fork/);
  });

  it('knows the time', async () => {
    for (const machine of machines) await tellsTheTime(() => dateOf(machine));
  });

  it('can load every module of its kernel', async () => {
    assert.deepEqual(await ask('modprobe binfmt_misc && grep -c ^binfmt_misc /proc/modules'), ['1', '1']);
  });

  it('reboots for real, and comes back as itself, with the right time', async () => {
    const [machine] = machines as [RunningMachine];
    await operate((ctx) => machine.reboot(ctx));
    // The same host key, or this connection would not be.
    assert.equal((await machine.guest.exec(['hostname'], { signal })).stdout, 'first\n');
    // It has read it from a clock that tells whole seconds.
    await tellsTheTime(() => dateOf(machine), 3);
  });
});

describe('a snapshot that a user makes', () => {
  let lab: TestLab;
  let machine: RunningMachine;
  before(async () => {
    lab = await openTestLab();
    machine = await startTestMachine(lab.paths, 'kept', { lifetime: 'kept' });
  });
  after(async () => {
    await machine.stop();
    await lab.close();
  });

  const run = async (command: string) => (await machine.guest.exec(['sh', '-c', command], { signal })).stdout.trim();
  const save = (label?: string) => operate((ctx) => saveMachine(machine.files, label, ctx));
  const restore = async (label?: string) => {
    const restored = await operate((ctx) => restoreMachine(machine.files, label, ctx));
    await machine.detach();
    machine = restored;
  };

  it('brings the machine back to that moment, at the present time, whatever became of it', async () => {
    const bootId = await run(
      'echo one > /run/state; sleep 10000 > /dev/null 2>&1 & cat /proc/sys/kernel/random/boot_id',
    );
    const sleeper = await run('pidof sleep');
    const first = await save('one');
    assert.ok(first.pausedMs > 0);
    assert.equal(await run('echo two > /run/state; cat /run/state'), 'two');
    const second = await save();
    assert.deepEqual(
      (await listMachineSnapshots(machine.files)).map(({ label }) => label),
      ['one', second.label],
    );
    process.kill(machine.run.process.pid, 'SIGKILL');
    await restore('one');
    assert.deepEqual(
      await run('cat /run/state; pidof sleep; cat /proc/sys/kernel/random/boot_id'),
      `one\n${sleeper}\n${bootId}`,
    );
    await tellsTheTime(() => dateOf(machine), 3);
    await restore();
    assert.equal(await run('cat /run/state'), 'two', 'without a label: the newest');
  });

  it('has a label of its own, and says which there are', async () => {
    await assert.rejects(save('one'), { code: 'usage.invalid', message: /has a snapshot one already/ });
    await assert.rejects(save('../x'), { code: 'usage.invalid' });
    await assert.rejects(restore('none'), { code: 'snapshot.unknown', hint: /^it has one, / });
  });

  it('that was cut short is refused, and the machine goes on', async () => {
    await truncate(machineSnapshotFiles(machine.files, 'one').state, 4096);
    await assert.rejects(restore('one'), { code: 'snapshot.corrupt' });
    assert.equal(await run('cat /run/state'), 'two');
    await removeMachineSnapshot(machine.files, 'one');
    assert.equal((await listMachineSnapshots(machine.files)).length, 1);
  });

  it('that cannot be written leaves nothing, and the machine goes on', async () => {
    const abort = new AbortController();
    const whileWriting = (event: EventBody) => void (event.type === 'stage.waiting' && abort.abort());
    const saving = operate((ctx) => saveMachine(machine.files, 'cancelled', { ...ctx, emit: whileWriting }), abort);
    await assert.rejects(saving, { code: 'op.cancelled' });
    assert.deepEqual(
      (await readdir(join(machine.files.directory, 'snapshots'))).filter((name) => name.startsWith('cancelled')),
      [],
    );
    assert.equal(await run('cat /run/state'), 'two');
  });
});

describe('a snapshot', () => {
  let lab: TestLab;
  before(async () => {
    lab = await openTestLab();
    lab.paths.cache = join(lab.paths.state, '..', 'c');
    await makeCacheWithOwn(['snapshots'], lab.paths.cache);
  });
  after(() => lab.close());

  const snapshots = async () =>
    (await readdir(join(lab.paths.cache, 'snapshots'))).map((name) => join(lab.paths.cache, 'snapshots', name));
  const startAndStop = async (name: string, change = {}) => {
    const machine = await startTestMachine(lab.paths, name, change);
    await machine.stop();
    return machine.config.start;
  };

  it('is not made, and not used, for a cold start', async () => {
    assert.equal(await startAndStop('cold', { start: 'cold' }), 'cold');
    await assert.rejects(snapshots(), { code: 'ENOENT' });
  });

  it('is made once by two who need it at once, and another for another shape', async () => {
    const two = await Promise.all([startTestMachine(lab.paths, 'a'), startTestMachine(lab.paths, 'b')]);
    for (const machine of two) await machine.stop();
    assert.equal((await snapshots()).length, 1);
    assert.equal(await startAndStop('c', { memoryMiB: 256 }), 'snapshot');
    assert.equal((await snapshots()).length, 2);
    for (const path of await snapshots()) await rm(path, { recursive: true });
  });

  it('that was cut short is made anew, not used', async () => {
    await startAndStop('whole');
    const [path] = await snapshots();
    assert.ok(path);
    await truncate(join(path, 'ram'), 4096);
    assert.equal(await startAndStop('healed'), 'snapshot');
    assert.equal((await snapshots()).length, 1);
  });

  it('that was not finished leaves no template behind', async () => {
    for (const path of await snapshots()) await rm(path, { recursive: true });
    await assert.rejects(startTestMachine(lab.paths, 'slow', { bootTimeoutMs: 400 }), { code: 'vm.boot-timeout' });
    assert.deepEqual(await qemusOf(lab.paths.state), []);
    assert.deepEqual(await snapshots(), []);
  });
});
