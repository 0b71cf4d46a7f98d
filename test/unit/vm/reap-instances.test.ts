import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifyProcess, type ProcessIdentity } from '../../../lab/src/core/host-process.ts';
import { withLock } from '../../../lab/src/core/lock.ts';
import { instanceFiles } from '../../../lab/src/vm/instance/instance-files.ts';
import {
  type InstanceConfig,
  writeInstanceConfig,
  writeInstanceRun,
} from '../../../lab/src/vm/instance/instance-record.ts';
import { isInstanceProcess } from '../../../lab/src/vm/instance-state.ts';
import { reapInstances } from '../../../lab/src/vm/reap-instances.ts';
import { removeInstance } from '../../../lab/src/vm/remove-instance.ts';

const { signal } = new AbortController();
const me = identifyProcess(process.pid) as ProcessIdentity;
const nobody = { pid: me.pid, startTicks: me.startTicks + 1 };

describe('the reaper', () => {
  let directory: string;
  let paths: { cache: string; state: string; runtime: string };
  const decoys: ChildProcess[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lpl-reap-'));
    paths = { cache: join(directory, 'c'), state: join(directory, 's'), runtime: join(directory, 'r') };
  });
  afterEach(async () => {
    for (const decoy of decoys.splice(0)) decoy.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });

  const filesOf = (name: string) => instanceFiles(paths, name);
  const lay = async (name: string, change: Partial<InstanceConfig>) => {
    const files = filesOf(name);
    await mkdir(files.directory, { recursive: true });
    await mkdir(files.sockets, { recursive: true });
    await writeInstanceConfig(files, {
      ...{ name, target: 'debian:trixie/cloud-amd64', release: '6.12', accelerator: 'tcg', cpus: 2, memoryMiB: 512 },
      ...{
        commandLine: [],
        profile: 'tiny',
        start: 'cold',
        forwards: [],
        network: 'closed',
        lifetime: 'throw-away',
        owner: nobody,
      },
      boot: { labRoot: '/none', kernel: '/none', initramfs: '/none', modulesDisk: '/none' },
      ...change,
    });
    return files;
  };
  /** A process that looks like the QEMU of that machine in another lab, as far as `words` go. */
  const decoy = async (...words: string[]): Promise<ProcessIdentity> => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', ...words], { stdio: 'ignore' });
    decoys.push(child);
    await new Promise((resolve) => child.once('spawn', resolve));
    return identifyProcess(child.pid as number) as ProcessIdentity;
  };
  const isThere = ({ pid }: ProcessIdentity) => identifyProcess(pid) !== undefined;

  it('removes what a dead owner left, and leaves the kept, the owned and the unreadable alone', async () => {
    await lay('orphan', {});
    await lay('kept', { lifetime: 'kept' });
    await lay('owned', { owner: me });
    await mkdir(filesOf('broken').directory, { recursive: true });
    await writeFile(filesOf('broken').config, '{');
    assert.deepEqual(await reapInstances(paths, signal), ['orphan']);
    for (const name of ['kept', 'owned', 'broken']) assert.ok(existsSync(filesOf(name).directory), name);
    assert.ok(!existsSync(filesOf('orphan').sockets));
  });

  it('heals half-written directories, but not one that somebody is writing', async () => {
    for (const name of ['half', 'busy']) {
      await mkdir(filesOf(name).directory, { recursive: true });
      await writeFile(filesOf(name).sshKey, 'x');
    }
    const reaped = await withLock(filesOf('busy').directory, { signal, waitMs: 0 }, () => reapInstances(paths, signal));
    assert.deepEqual(reaped, ['half']);
    assert.ok(existsSync(filesOf('busy').sshKey));
  });

  it('clears 300 stale directories away', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `stale-${String(index).padStart(3, '0')}`);
    for (const name of names) await lay(name, {});
    assert.deepEqual(await reapInstances(paths, signal), names);
  });

  it('ends the QEMU of a machine whose directory is gone', async () => {
    const files = filesOf('lost');
    await mkdir(files.sockets, { recursive: true });
    const qemu = await decoy('-name', 'guest=lpl-lost,process=x', '-qmp', `unix:${files.qmp},server=on,wait=off`);
    const ended = new Promise((resolve) => decoys[0]?.once('exit', resolve));
    await reapInstances(paths, signal);
    await ended;
    assert.ok(!isThere(qemu));
    assert.ok(!existsSync(files.sockets));
  });

  it('never touches a process that is not the machine, whatever the files say', async () => {
    const files = await lay('one', {});
    const others = [
      await decoy('unrelated'),
      await decoy('-name', 'guest=lpl-one,process=x', '-qmp', 'unix:/elsewhere/one/qmp.sock,server=on,wait=off'),
      await decoy('-name', 'guest=lpl-one-more,process=x', '-qmp', `unix:${files.qmp},server=on,wait=off`),
    ];
    for (const other of others) {
      assert.equal(isInstanceProcess(files, other), false);
      await writeInstanceRun(files, { process: other, ports: { ssh: 1, service: 2 } });
      await removeInstance(paths, 'one');
      await lay('one', {});
      await writeFile(files.pidFile, String(other.pid));
      assert.deepEqual(await reapInstances(paths, signal), ['one']);
      assert.ok(isThere(other));
    }
  });

  it('would have known it by pid, start time, name and socket', async () => {
    const files = filesOf('one');
    const qemu = await decoy('-name', 'guest=lpl-one,process=x', '-qmp', `unix:${files.qmp},server=on,wait=off`);
    assert.equal(isInstanceProcess(files, qemu), true);
    assert.equal(isInstanceProcess(files, { ...qemu, startTicks: qemu.startTicks + 1 }), false);
  });
});
