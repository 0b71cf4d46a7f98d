// Machines in real QEMU: found, watched and ended by whoever asks; nothing left when something goes wrong.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { rm, stat } from 'node:fs/promises';
import { identifyProcess } from '../../lab/src/core/host-process.ts';
import type { EventBody } from '../../lab/src/core/event.ts';
import { waitUntil } from '../../lab/src/core/wait.ts';
import { instanceFiles } from '../../lab/src/vm/instance/instance-files.ts';
import { inspectInstance } from '../../lab/src/vm/instance-state.ts';
import { listInstances } from '../../lab/src/vm/instance/list-instances.ts';
import { attachMachine, type RunningMachine } from '../../lab/src/vm/machine.ts';
import { reapInstances } from '../../lab/src/vm/reap-instances.ts';
import { connectSsh } from '../../lab/src/vm/guest/ssh.ts';
import { readSshKeys } from '../../lab/src/vm/guest/ssh-keys.ts';
import { startMachine } from '../../lab/src/vm/start-machine.ts';
import type { MachineEvent } from '../../lab/src/vm/watch-machine.ts';
import { buildTestModule } from '../support/build-module.ts';
import { operate } from '../support/operation.ts';
import { openTestLab, qemusOf, startTestMachine, type TestLab, testMachineRequest } from '../support/test-machine.ts';
import { watchEvents } from '../support/watch-events.ts';

const { signal } = new AbortController();

/** Whether the guest reads within that time what a server on the host's loopback says; 10.0.2.2 is the host to it (qemu: docs/system/devices/net.rst). */
async function reachesHost({ guest }: RunningMachine, seconds: number): Promise<boolean> {
  const server = createServer((socket) => socket.on('error', () => undefined).end('hello\n'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { stdout } = await guest.exec(['timeout', `${seconds}`, 'nc', '10.0.2.2', String(port)], {
    signal,
    timeoutMs: 120_000,
  });
  server.close();
  return stdout === 'hello\n';
}

const isProblem = (kind: string) => (event: MachineEvent) => event.type === 'problem' && event.problem.kind === kind;
const isQmp = (name: string) => (event: MachineEvent) => event.type === 'qmp' && event.event.event === name;

describe('a machine', () => {
  let lab: TestLab;
  let machine: RunningMachine;
  before(async () => {
    lab = await openTestLab();
    machine = await startTestMachine(lab.paths, 'one');
  });
  after(async () => {
    await machine.stop();
    await lab.close();
  });

  it('runs the stock kernel, as root over ssh, cut off from the network', async () => {
    const { stdout } = await machine.guest.exec(['uname', '-r'], { signal });
    assert.equal(stdout.trim(), machine.config.release);
    const odd = `a'b "c" $d \\ *`;
    assert.equal((await machine.guest.exec(['echo', odd], { signal })).stdout, `${odd}\n`);
    assert.equal((await machine.guest.exec(['sh', '-c', 'exit 7'], { signal })).exitCode, 7);
    assert.equal(await reachesHost(machine, 3), false);
  });

  it('reaches the host when its network is open', async () => {
    const open = await startTestMachine(lab.paths, 'open', { network: 'open' });
    assert.equal(await reachesHost(open, 60), true);
    await open.stop();
  });

  it('uploads bytes as they are', async () => {
    const content = Buffer.from([...Array(256).keys()]);
    await machine.guest.upload(content, '/run/x/bytes', 0o600, { signal });
    const { stdout } = await machine.guest.script('sha256sum /run/x/bytes; stat -c %a /run/x/bytes', { signal });
    assert.match(stdout, /^40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880 .*\n600\n$/);
  });

  it('ends a guest command with its deadline, and serves on', async () => {
    await assert.rejects(machine.guest.exec(['sleep', '60'], { signal, timeoutMs: 300 }), { code: 'op.timeout' });
    assert.equal((await machine.guest.exec(['true'], { signal })).exitCode, 0);
  });

  it('is told apart by its host key', async () => {
    const keys = await readSshKeys(machine.files);
    const other = keys.hostPublic.replace(/.{4}$/, (tail) => (tail === 'AAAA' ? 'BBBB' : 'AAAA'));
    const target = { name: 'one', port: machine.run.ports.ssh, privateKey: keys.privateKey, hostPublic: other };
    await assert.rejects(connectSsh(target, signal), { code: 'guest.unreachable' });
  });

  it('keeps its files to its owner', async () => {
    const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    assert.equal(await modeOf(machine.files.directory), '700');
    assert.equal(await modeOf(machine.files.sockets), '700');
    assert.equal(await modeOf(machine.files.consoleDirectory), '700');
    for (const path of [
      machine.files.qmp,
      ...machine.files.watch,
      ...machine.files.terminals,
      machine.files.sshKey,
      machine.files.parcel,
    ])
      assert.equal(await modeOf(path), '600');
  });

  it('serves several at once, and says so when too many watch', async () => {
    const watchers = await Promise.all([1, 2, 3].map(() => watchEvents(machine)));
    await assert.rejects(machine.watch({ signal, onEvent: () => undefined }), { code: 'state.locked' });
    const asked = Array.from({ length: 5 }, () => machine.qmp<{ status: string }>('query-status', {}, signal));
    for (const { status } of await Promise.all(asked)) assert.equal(status, 'running');
    await Promise.all(watchers.map((watcher) => watcher.close()));
    const another = await operate((ctx) => attachMachine({ paths: lab.paths, name: 'one' }, ctx));
    assert.equal((await another.guest.exec(['true'], { signal })).exitCode, 0);
    await another.detach();
  });

  it('tells of an oops, and serves on', async () => {
    const watcher = await watchEvents(machine);
    await machine.guest.upload(await buildTestModule('lpl_trouble'), '/run/lpl_trouble.ko', 0o600, { signal });
    await machine.guest.exec(['insmod', '/run/lpl_trouble.ko'], { signal });
    await machine.guest.exec(['sh', '-c', 'echo oops > /proc/lpl_trouble'], { signal });
    await watcher.until('the oops', isProblem('oops'));
    assert.equal((await machine.guest.exec(['true'], { signal })).exitCode, 0);
    await watcher.close();
  });

  it('reboots for real in the same QEMU, and ends on the next restart', async () => {
    const bootId = async () =>
      (await machine.guest.exec(['cat', '/proc/sys/kernel/random/boot_id'], { signal })).stdout;
    const first = await bootId();
    const watcher = await watchEvents(machine);
    await operate((ctx) => machine.reboot(ctx));
    assert.notEqual(await bootId(), first);
    assert.ok(watcher.events.some(isQmp('RESET')));
    assert.deepEqual(identifyProcess(machine.run.process.pid), machine.run.process);
    await machine.guest.exec(['reboot', '-f'], { signal, timeoutMs: 2_000 }).catch(() => undefined);
    await watcher.ended;
    assert.equal(watcher.events.at(-1)?.type, 'ended');
    assert.equal((await inspectInstance(machine.files, signal))?.state, 'stopped');
  });
});

describe('a machine that ends', () => {
  let lab: TestLab;
  before(async () => void (lab = await openTestLab()));
  after(() => lab.close());

  it('by a panic: the panic is told, with its text, and kept as the state', async () => {
    const machine = await startTestMachine(lab.paths, 'panics');
    const watcher = await watchEvents(machine);
    await machine.guest.exec(['sh', '-c', 'echo c > /proc/sysrq-trigger'], { signal }).catch(() => undefined);
    await watcher.ended;
    assert.ok(watcher.events.some(isQmp('GUEST_PANICKED')));
    assert.ok(watcher.events.some(isProblem('panic')));
    const state = await inspectInstance(machine.files, signal);
    assert.equal(state?.state, 'panicked');
    assert.match(state?.reason ?? '', /sysrq triggered crash/);
    await machine.stop();
  });

  it('by SIGKILL: noticed, and every call ends', async () => {
    const machine = await startTestMachine(lab.paths, 'killed');
    const watcher = await watchEvents(machine);
    const waiting = machine.guest.exec(['sleep', '60'], { signal });
    process.kill(machine.run.process.pid, 'SIGKILL');
    await assert.rejects(waiting, { code: 'guest.unreachable' });
    await watcher.ended;
    await assert.rejects(machine.guest.exec(['true'], { signal }), { code: 'guest.unreachable' });
    await assert.rejects(machine.qmp('query-status', {}, signal), { code: 'vm.dead' });
    await machine.stop();
  });

  it('in early boot: says that it panicked, not that time is up', async () => {
    const kernelParameters = ['rdinit=/nothing', 'root=/dev/none'];
    const starting = startTestMachine(lab.paths, 'unbootable', { kernelParameters });
    await assert.rejects(starting, {
      code: 'vm.dead',
      message: /panicked: Kernel panic - not syncing: VFS: Unable to mount root/,
    });
    assert.deepEqual(await qemusOf(lab.paths.state), []);
  });

  it('never gets to ssh in time: says what it waited for, and is ended', async () => {
    await assert.rejects(startTestMachine(lab.paths, 'slow', { start: 'cold', bootTimeoutMs: 400 }), {
      code: 'vm.boot-timeout',
    });
    assert.deepEqual(await qemusOf(lab.paths.state), []);
  });

  it('because QEMU does not take its options: quotes QEMU', async () => {
    const starting = startTestMachine(lab.paths, 'odd', { memoryMiB: 0 });
    await assert.rejects(starting, { code: 'qemu.exited', message: /size/ });
    await assert.rejects(startTestMachine(lab.paths, 'odd', { memoryMiB: 0, lifetime: 'kept' }), {
      code: 'qemu.exited',
    });
  });
});

describe('a machine and its owner', () => {
  let lab: TestLab;
  beforeEach(async () => void (lab = await openTestLab()));
  afterEach(() => lab.close());

  /** A process that owns a machine; resolves once the machine is up. */
  const startOwner = async (name: string, lifetime: string): Promise<ChildProcess> => {
    const script = new URL('../support/start-and-wait.ts', import.meta.url).pathname;
    const { state, runtime, cache } = lab.paths;
    const argv = ['--import', 'tsx', script, state, runtime, cache, name, lifetime];
    const owner = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(owner.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    assert.match(String(said), /^started \d+/);
    return owner;
  };
  const killOwner = async (owner: ChildProcess) => {
    owner.kill('SIGKILL');
    await once(owner, 'exit');
  };

  it('throw-away: dies with its owner, and what it left is cleared away', async () => {
    const owner = await startOwner('orphan', 'throw-away');
    assert.deepEqual(await reapInstances(lab.paths, signal), [], 'a machine whose owner lives is left alone');
    await killOwner(owner);
    const gone = async () => ((await qemusOf(lab.paths.state)).length === 0 ? true : undefined);
    await waitUntil({ what: 'QEMU to die with its owner', timeoutMs: 60_000, signal }, gone);
    assert.deepEqual(await reapInstances(lab.paths, signal), ['orphan']);
    assert.deepEqual(await listInstances(lab.paths), []);
  });

  it('kept: outlives it, is found, entered and ended by another', async () => {
    const owner = await startOwner('kept', 'kept');
    await killOwner(owner);
    assert.deepEqual(await reapInstances(lab.paths, signal), []);
    const files = instanceFiles(lab.paths, 'kept');
    assert.equal((await inspectInstance(files, signal))?.state, 'running');
    await assert.rejects(startTestMachine(lab.paths, 'kept', { lifetime: 'kept' }), { code: 'vm.running' });
    // As if its starter had been killed before it wrote down whom it started.
    await rm(files.run);
    const machine = await operate((ctx) => attachMachine({ paths: lab.paths, name: 'kept' }, ctx));
    assert.equal((await machine.guest.exec(['true'], { signal })).exitCode, 0);
    await machine.stop();
    assert.equal((await inspectInstance(files, signal))?.state, 'stopped');
    await assert.rejects(
      operate((ctx) => attachMachine({ paths: lab.paths, name: 'kept' }, ctx)),
      { code: 'vm.not-running' },
    );
    await assert.rejects(
      operate((ctx) => attachMachine({ paths: lab.paths, name: 'none' }, ctx)),
      { code: 'vm.unknown' },
    );
  });

  it('leaves nothing when starting is cancelled, and when two start one name only one does', async () => {
    const abort = new AbortController();
    const request = await testMachineRequest(lab.paths, 'cancelled');
    const whileBooting = (event: EventBody) =>
      void (event.type === 'stage.waiting' && event.what.startsWith('the kernel and init') && abort.abort());
    const cancelled = operate(
      (ctx) => startMachine({ ...request, start: 'cold' }, { ...ctx, emit: whileBooting }),
      abort,
    );
    await assert.rejects(cancelled, { code: 'op.cancelled' });
    assert.deepEqual(await qemusOf(lab.paths.state), []);
    const both = await Promise.allSettled([startTestMachine(lab.paths, 'twice'), startTestMachine(lab.paths, 'twice')]);
    const [started, refused] = [
      both.find((it) => it.status === 'fulfilled'),
      both.find((it) => it.status === 'rejected'),
    ];
    assert.ok(started && refused);
    assert.match((refused.reason as { code: string }).code, /^(state\.locked|vm\.running)$/);
    await started.value.stop();
  });
});
