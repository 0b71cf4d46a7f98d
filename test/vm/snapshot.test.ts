// Machines that begin from the snapshot of a booted one: each its own, none with another's secrets, and what happens when
// the snapshot is not what it was.

import assert from 'node:assert/strict';
import { mkdir, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { operate } from '../support/operation.ts';
import { openTestLab, qemusOf, startTestMachine, type TestLab } from '../support/test-machine.ts';

const { signal } = new AbortController();

/** A cache of its own for snapshots; everything else of the user's cache is shared. */
async function ownSnapshots(lab: TestLab): Promise<void> {
  const cache = join(lab.paths.state, '..', 'c');
  await mkdir(cache);
  for (const name of await readdir(lab.paths.cache))
    if (name !== 'snapshots') await symlink(join(lab.paths.cache, name), join(cache, name));
  lab.paths.cache = cache;
}

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
    differ(await ask('sha256sum < /etc/lpl/host_key'), 'host key');
    differ(await ask('cat /root/.ssh/authorized_keys'), 'client key');
    differ(await ask('cat /proc/sys/kernel/random/boot_id'), 'boot_id');
    differ(await ask('head -c 16 /dev/urandom | xxd -p'), 'random numbers');
    assert.deepEqual(await ask('hostname'), ['first', 'second']);
    for (const log of await ask('dmesg')) assert.match(log, /crng reseeded due to virtual machine fork/);
  });

  it('knows the time', async () => {
    const asked = Date.now();
    const seconds = (await ask('date +%s')).map(Number);
    const answered = Date.now();
    for (const each of seconds) {
      assert.ok(each >= Math.floor(asked / 1000) - 1, `${each} is before ${asked}`);
      assert.ok(each <= answered / 1000 + 1, `${each} is after ${answered}`);
    }
  });

  it('can load every module of its kernel', async () => {
    assert.deepEqual(await ask('modprobe binfmt_misc && grep -c ^binfmt_misc /proc/modules'), ['1', '1']);
  });

  it('reboots for real, and comes back as itself, with the right time', async () => {
    const [machine] = machines as [RunningMachine];
    const before = await ask('sha256sum < /etc/lpl/host_key');
    await operate((ctx) => machine.reboot(ctx));
    assert.deepEqual(await ask('sha256sum < /etc/lpl/host_key'), before);
    const [seconds] = (await ask('date +%s')).map(Number) as [number];
    assert.ok(Math.abs(seconds - Date.now() / 1000) < 3, `${seconds}`);
  });
});

describe('a snapshot', () => {
  let lab: TestLab;
  before(async () => {
    lab = await openTestLab();
    await ownSnapshots(lab);
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

  for (const [what, spoil] of [
    ['state is cut short', (path: string) => truncate(join(path, 'state'), 1000)],
    ['state was changed', (path: string) => writeFile(join(path, 'state'), 'x'.repeat(100))],
    ['memory is cut short', (path: string) => truncate(join(path, 'ram'), 4096)],
    ['memory is gone', (path: string) => rm(join(path, 'ram'))],
    ['record is gone', (path: string) => rm(join(path, 'snapshot.json'))],
  ] as const)
    it(`whose ${what} is made anew, not used`, async () => {
      await startAndStop('whole');
      const [path] = await snapshots();
      assert.ok(path);
      await spoil(path);
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
