// What people do with a machine every day: files in and out, the reset button, a debugger, a dump, ports of their own.

import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { runCommand } from '../../lab/src/core/process.ts';
import { copyFromGuest } from '../../lab/src/vm/guest/copy-from-guest.ts';
import { copyToGuest } from '../../lab/src/vm/guest/copy-to-guest.ts';
import { dumpMemory } from '../../lab/src/vm/dump-memory.ts';
import { openGdbStub, resumeAfterGdb } from '../../lab/src/vm/gdb-stub.ts';
import { attachMachine, type RunningMachine } from '../../lab/src/vm/machine.ts';
import { resetMachine } from '../../lab/src/vm/reset-machine.ts';
import { freePort } from '../support/free-port.ts';
import { operate } from '../support/operation.ts';
import { openTestLab, startTestMachine, type TestLab } from '../support/test-machine.ts';

const { signal } = new AbortController();

describe('a machine every day', () => {
  let lab: TestLab;
  let machine: RunningMachine;
  let scratch: string;
  let forward: { host: number; guest: number };
  before(async () => {
    lab = await openTestLab();
    scratch = await mkdtemp(join(tmpdir(), 'lpl-every-'));
    forward = { host: await freePort(), guest: 7000 };
    machine = await startTestMachine(lab.paths, 'every', { forwards: [forward] });
  });
  after(async () => {
    await machine.stop();
    await rm(scratch, { recursive: true });
    await lab.close();
  });

  const status = async () => (await machine.qmp<{ status: string }>('query-status', {}, signal)).status;
  const toGuest = (from: string, to: string) => operate((ctx) => copyToGuest(machine.guest, { from, to }, ctx));
  const fromGuest = (from: string, to: string) => operate((ctx) => copyFromGuest(machine.guest, { from, to }, ctx));

  it('takes a directory there and back as it is', async () => {
    const tree = join(scratch, 'tree');
    await mkdir(join(tree, 'deep/empty'), { recursive: true });
    const content = randomBytes(300_000);
    await writeFile(join(tree, 'deep/bytes'), content);
    await chmod(join(tree, 'deep/bytes'), 0o751);
    await chmod(join(tree, 'deep'), 0o775);
    await symlink('deep/bytes', join(tree, 'link'));
    const { to, bytes } = await toGuest(tree, '/root/');
    assert.deepEqual([to, bytes], ['every:/root/tree', content.length]);
    await fromGuest('/root/tree', join(scratch, 'back'));
    assert.ok(content.equals(await readFile(join(scratch, 'back/link'))));
    const modeOf = async (path: string) => (await stat(join(scratch, 'back', path))).mode & 0o7777;
    assert.deepEqual([await modeOf('deep/bytes'), await modeOf('deep')], [0o751, 0o775]);
    assert.deepEqual(await readdir(join(scratch, 'back/deep/empty')), []);
  });

  it('copies files of /proc, and a file over a file, but nothing over a directory', async () => {
    await fromGuest('/proc/version', scratch);
    assert.match(await readFile(join(scratch, 'version'), 'utf8'), /^Linux version /);
    await toGuest(join(scratch, 'version'), '/root/version');
    await toGuest(join(scratch, 'tree/deep/bytes'), '/root/version');
    assert.equal(
      (await machine.guest.exec(['stat', '-c', '%s %a', '/root/version'], { signal })).stdout,
      '300000 751\n',
    );
    await assert.rejects(toGuest(join(scratch, 'tree'), '/root'), { code: 'usage.invalid' });
    await assert.rejects(fromGuest('/root/version', join(scratch, 'none/x')), { code: 'usage.invalid' });
    await assert.rejects(fromGuest('/none', scratch), { code: 'usage.invalid' });
  });

  it('leaves nothing of a copy that was cancelled or found no room', async () => {
    const big = join(scratch, 'big');
    await writeFile(big, Buffer.alloc(64 * 1024 * 1024));
    const abort = new AbortController();
    const copying = operate((ctx) => {
      const emit: typeof ctx.emit = (event) => event.type === 'stage.progress' && event.done > 0 && abort.abort();
      return copyToGuest(machine.guest, { from: big, to: '/root/big' }, { ...ctx, emit });
    }, abort);
    await assert.rejects(copying, { code: 'op.cancelled' });
    await machine.guest.script('mkdir /run/small && mount -t tmpfs -o size=1m small /run/small', { signal });
    await assert.rejects(toGuest(big, '/run/small/big'), { code: 'guest.command-failed', message: /No space left/ });
    const { stdout } = await machine.guest.script('ls -A /root /run/small', { signal });
    assert.doesNotMatch(stdout, /big|lpl-cp/);
  });

  it('answers on the port that was asked for, and is not started for one that is taken', async () => {
    const { stdout } = await runCommand(
      {
        argv: ['bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${forward.host}; echo 5 >&3; read -r line <&3; echo "$line"`],
      },
      { signal, timeoutMs: 120_000 },
    );
    assert.match(stdout, /^5 \d+$/m);
    await assert.rejects(startTestMachine(lab.paths, 'second', { forwards: [forward] }), {
      code: 'usage.invalid',
      message: `port ${forward.host} of 127.0.0.1 is taken`,
    });
  });

  it('is refused when the host has no room for it, with what would fit', async () => {
    await assert.rejects(startTestMachine(lab.paths, 'greedy', { memoryMiB: 50_000_000 }), {
      code: 'host.no-room',
      message:
        /^no room for greedy with 50000000 MiB: \d+ CPUs and \d+ MiB would fit beside .*every \(2 CPUs, 512 MiB\)/,
    });
  });

  it('has a gdb stub that stops nobody by being there, and goes on when a debugger vanishes', async () => {
    await openGdbStub(machine.files, signal);
    await openGdbStub(machine.files, signal);
    assert.equal(await status(), 'running');
    const gdb = (...words: string[]) =>
      runCommand(
        { argv: ['gdb', '-nx', '-batch', '-ex', `target remote ${machine.files.gdb}`, ...words] },
        { signal, timeoutMs: 120_000 },
      );
    assert.match((await gdb('-ex', 'info threads')).stdout, /CPU#1/);
    assert.equal(await status(), 'running');
    await assert.rejects(gdb('-ex', 'shell kill -9 $PPID'));
    assert.equal(await status(), 'paused');
    await resumeAfterGdb(machine.files, signal);
    assert.equal(await status(), 'running');
  });

  it('dumps its memory for crash, and leaves no file of a dump that was cancelled', async () => {
    const dump = (file: string, by?: AbortController) =>
      operate(
        (ctx) => {
          const emit: typeof ctx.emit = (event) => event.type === 'stage.progress' && by?.abort();
          const where = { files: machine.files, memoryMiB: 512, file: join(scratch, file), format: 'kdump' as const };
          return dumpMemory(where, { ...ctx, emit });
        },
        by ? { signal: by.signal } : {},
      );
    await assert.rejects(dump('cancelled', new AbortController()), { code: 'op.cancelled' });
    assert.deepEqual(
      (await readdir(scratch)).filter((name) => name.includes('cancelled')),
      [],
    );
    const { file, bytes } = await dump('whole');
    const { size, mode } = await stat(file);
    assert.deepEqual([size, mode & 0o777], [bytes, 0o600]);
    assert.equal((await readFile(file)).subarray(0, 12).toString(), 'makedumpfile');
    assert.equal((await machine.guest.exec(['true'], { signal })).exitCode, 0);
    assert.equal(await status(), 'running');
  });

  it('is reset while it hangs, and answers again', async () => {
    await machine.qmp('stop', {}, signal);
    await operate((ctx) => resetMachine(machine, ctx));
    const again = await operate((ctx) => attachMachine({ paths: lab.paths, name: 'every' }, ctx));
    assert.equal((await again.guest.exec(['ls', '-A', '/root/tree'], { signal })).exitCode, 1, 'a new boot');
    await again.detach();
  });
});
