// The commands people live with machines by, through the command line: what they print, and that none of them hangs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type CliLab, lplProgram, openCliLab } from '../support/lpl.ts';
import { testTarget } from '../support/stock-kernel.ts';

type Shown = { name: string; state: string; pid?: number; livepatches: string[] | null };

/** As many bytes, once they have come. */
async function readBytes(stream: Readable, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = stream.read(count) as Buffer | null;
    if (bytes) return bytes;
    await once(stream, 'readable');
  }
}

describe('lpl vm', () => {
  let lab: CliLab;
  let scratch: string;
  before(async () => {
    lab = await openCliLab();
    scratch = await mkdtemp(join(tmpdir(), 'lpl-files-'));
    const up = await lab.run('vm', 'up', 'web1', '--target', testTarget, '--memory', '384');
    assert.equal(up.code, 0, up.stderr);
  });
  after(async () => {
    await lab.run('vm', 'rm', '--all');
    await rm(scratch, { recursive: true });
    await lab.close();
  });

  const show = async (name: string) => (await lab.run('vm', 'show', name)).json;
  const list = async () => (await lab.run('vm', 'ls')).json['machines'] as Shown[];
  const errorOf = async (...words: string[]) => ((await lab.run(...words)).json['error'] as { code: string }).code;

  it('show tells everything', async () => {
    const shown = await show('web1');
    for (const [key, value] of Object.entries({ state: 'running', profile: 'tiny', cpus: 2, memoryMiB: 384 }))
      assert.equal(shown[key], value, key);
    assert.deepEqual([shown['start'], shown['livepatches'], shown['forwards']], ['snapshot', [], []]);
    assert.match(String(shown['acceleratorReason']), /kvm/);
    const { residentBytes, privateBytes } = shown['memory'] as { residentBytes: number; privateBytes: number };
    assert.ok(privateBytes > 0 && privateBytes < residentBytes && residentBytes < 384 * 2 ** 20);
    assert.match(await readFile(String(shown['consoleLog']), 'utf8'), /lpl-guest: ready/);
  });

  it('ls, ssh and show serve several at once', async () => {
    const all = await Promise.all([list(), list(), show('web1'), lab.run('vm', 'ssh', 'web1', 'uname', '-r')]);
    assert.deepEqual(
      all[0],
      all[1].map((it, index) => ({ ...it, upMs: (all[0][index] as { upMs?: number }).upMs })),
    );
    assert.equal(all[3].code, 0);
  });

  it('ssh passes input, output and exit code on as they come, behind -- as well', async () => {
    const line = 'read word; echo got $word; echo no >&2; cat; exit 7';
    const ssh = spawn(process.execPath, [lplProgram, 'vm', 'ssh', 'web1', '--', line], { env: lab.env });
    ssh.stdin.write('hello\n');
    assert.equal(String(await readBytes(ssh.stdout, 10)), 'got hello\n', 'while the command runs');
    assert.equal(String(await readBytes(ssh.stderr, 3)), 'no\n');
    ssh.stdin.end(Buffer.of(255, 0));
    assert.deepEqual(await readBytes(ssh.stdout, 2), Buffer.of(255, 0));
    assert.equal((await once(ssh, 'exit'))[0], 7);
  });

  it('ls says that it does not know what a guest that hangs has loaded', async () => {
    assert.deepEqual((await list())[0]?.livepatches, []);
    // Its ssh server stands still, and QEMU runs on.
    await lab.run('vm', 'ssh', 'web1', 'kill -STOP $(cat /run/dropbear.pid)');
    const [web1] = await list();
    assert.deepEqual([web1?.state, web1?.livepatches], ['running', null]);
  });

  it('reset brings a guest back that nobody can enter', async () => {
    const reset = await lab.run('vm', 'reset', 'web1');
    assert.equal(reset.code, 0, reset.stderr);
    assert.deepEqual((await list())[0]?.livepatches, []);
  });

  it('cp copies there and back, and wants one side in a machine', async () => {
    const file = join(scratch, 'file');
    await writeFile(file, 'content\n');
    assert.equal((await lab.run('vm', 'cp', file, 'web1:copy')).code, 0);
    assert.equal((await lab.run('vm', 'cp', 'web1:copy', join(scratch, 'back'))).json['bytes'], 8);
    assert.equal(await readFile(join(scratch, 'back'), 'utf8'), 'content\n');
    assert.equal(await errorOf('vm', 'cp', file, 'elsewhere'), 'usage.invalid');
  });

  it('gdb prints its line, console its lines, dump writes its file', async () => {
    const { argv } = (await lab.run('vm', 'gdb', 'web1', '--print')).json as { argv: string[] };
    assert.match(argv.join(' '), /^gdb .*target remote \/.*\/gdb\.sock$/);
    const { lines } = (await lab.run('vm', 'console', 'web1', '--lines', '500')).json as { lines: { text: string }[] };
    assert.ok(lines.some(({ text }) => text.includes('lpl-guest: ready')));
    const dump = await lab.run('vm', 'dump', 'web1', join(scratch, 'dump'));
    assert.equal(dump.json['file'], join(scratch, 'dump'));
  });

  it('down keeps a machine and its console, up starts it again as it was, rm forgets it', async () => {
    const { pid } = await show('web1');
    assert.equal(await errorOf('vm', 'up', 'web1'), 'vm.running');
    assert.equal(await errorOf('vm', 'down', 'web1', 'none'), 'vm.unknown');
    assert.equal((await show('web1'))['state'], 'running', 'nothing was done to any');
    assert.equal((await lab.run('vm', 'down', '--all')).code, 0);
    assert.deepEqual((await list())[0]?.state, 'stopped');
    for (const verb of ['reset', 'gdb', 'dump', 'ssh'])
      assert.equal(await errorOf('vm', verb, 'web1'), 'vm.not-running');
    assert.equal((await lab.run('vm', 'console', 'web1')).code, 0);
    const again = await lab.run('vm', 'up', 'web1');
    assert.deepEqual([again.json['memoryMiB'], again.json['target']], [384, (await show('web1'))['target']]);
    assert.notEqual(again.json['pid'], pid);
    assert.equal((await lab.run('vm', 'rm', 'web1')).code, 0);
    assert.deepEqual(await list(), []);
    assert.deepEqual(await lab.qemus(), []);
  });

  it('a root disk outlives down and up, and what was written last is on it; --fresh begins on another', async () => {
    const read = async () =>
      (await lab.run('vm', 'ssh', 'disk', 'cat /root/file; true')).json['stdout'] as string | undefined;
    const up = await lab.run('vm', 'up', 'disk', '--target', testTarget, '--profile', 'debian');
    assert.equal(up.code, 0, up.stderr);
    await lab.run('vm', 'ssh', 'disk', 'echo kept > /root/file');
    assert.equal((await lab.run('vm', 'down', 'disk')).code, 0);
    const again = await lab.run('vm', 'up', 'disk');
    assert.deepEqual([again.json['profile'], again.json['start'], await read()], ['debian', 'cold', 'kept\n']);
    await lab.run('vm', 'down', 'disk');
    const fresh = await lab.run('vm', 'up', 'disk', '--fresh');
    assert.deepEqual([fresh.json['start'], await read()], ['snapshot', '']);
    assert.equal((await lab.run('vm', 'rm', 'disk')).code, 0);
  });

  it('says in one line what is wrong with a request', async () => {
    for (const words of [
      ['up', 'web2', '--forward', '80'],
      ['up', 'web2', '--memory', 'lots'],
      ['console', 'web2', '--lines', 'all'],
      ['rm'],
      ['rm', 'web2', '--all'],
    ])
      assert.equal(await errorOf('vm', ...words), 'usage.invalid', words.join(' '));
    assert.equal(await errorOf('vm', 'up', 'web2', '--memory', '9999999'), 'host.no-room');
  });
});
