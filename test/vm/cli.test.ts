// The commands under the demo, as a developer uses them by hand: a machine that stays, a module built and put into it,
// and input that cannot work.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliLab, openCliLab } from '../support/lpl.ts';
import { testKernel, testTarget as target } from '../support/stock-kernel.ts';

const root = join(import.meta.dirname, '../..');
const greeting = join(root, 'lab/examples/security-fixes/cmdline-greeting.patch');

describe('lpl', () => {
  let lab: CliLab;
  let scratch: string;
  before(async () => {
    lab = await openCliLab();
    scratch = await mkdtemp(join(tmpdir(), 'lpl-files-'));
  });
  after(async () => {
    await rm(scratch, { recursive: true });
    await lab.close();
  });

  const cmdline = async () =>
    ((await lab.run('vm', 'ssh', 'web1', 'cat', '/proc/cmdline')).json as { stdout: string }).stdout;

  const machines = async () => {
    const { json } = await lab.run('vm', 'ls');
    return (json['machines'] as { name: string; state: string }[]).map(({ name, state }) => [name, state]);
  };

  it('starts a machine, livepatches it by hand, and ends it', async () => {
    const added = await lab.run('target', 'add', 'stock', target);
    assert.deepEqual([added.code, added.json['target']], [0, target], added.stderr);
    const up = await lab.run('vm', 'up', 'web1', '--target', 'stock');
    assert.equal(up.code, 0, up.stderr);
    assert.equal(up.json['state'], 'running');
    assert.equal(up.json['release'], (await testKernel()).release);
    assert.doesNotMatch(await cmdline(), /livepatched/);

    const module = join(scratch, 'greeting.ko');
    const built = await lab.run('build', greeting, '--target', 'stock', '--out', module);
    assert.deepEqual([built.code, built.json['verdict'], built.json['module']], [0, 'built', module]);
    assert.deepEqual(
      (built.json['functions'] as { name: string; object: string }[]).map(({ name, object }) => [name, object]),
      [['cmdline_proc_show', 'vmlinux']],
    );

    const loaded = await lab.run('klp', 'load', 'web1', module);
    assert.equal(loaded.code, 0, loaded.stderr);
    const name = String(loaded.json['module']);
    assert.match(await cmdline(), / livepatched$/m);
    const status = await lab.run('klp', 'status', 'web1');
    assert.deepEqual(
      (status.json['patches'] as { name: string; enabled: boolean }[]).map((patch) => [patch.name, patch.enabled]),
      [[name, true]],
    );

    assert.equal((await lab.run('klp', 'disable', 'web1', name)).code, 0);
    assert.doesNotMatch(await cmdline(), /livepatched/);
    assert.equal((await lab.run('klp', 'unload', 'web1', name)).code, 0);
    assert.deepEqual((await lab.run('klp', 'status', 'web1')).json['patches'], []);

    assert.equal((await lab.run('vm', 'down', 'web1')).code, 0);
    assert.deepEqual(await lab.qemus(), []);
    assert.deepEqual(await machines(), [['web1', 'stopped']]);
    assert.equal((await lab.run('vm', 'rm', 'web1')).code, 0);
    assert.deepEqual(await machines(), []);
  });

  it('reverses a transition that is interrupted, and the machine goes on', async () => {
    const patch = join(root, 'test/fixtures/scenarios/fifo-open.patch');
    const module = join(scratch, 'fifo.ko');
    assert.equal((await lab.run('build', patch, '--target', target, '--out', module)).code, 0);
    assert.equal((await lab.run('vm', 'up', 'web3', '--target', target)).code, 0);
    const untilItWaits = 'until grep -q fifo_open /proc/$!/stack; do sleep 0.1; done';
    await lab.run('vm', 'ssh', 'web3', `mkfifo /tmp/fifo; cat /tmp/fifo > /dev/null 2>&1 & ${untilItWaits}`);
    const load = lab.start('klp', 'load', 'web3', module);
    await load.event((event) => event.type === 'klp.transition' && event.remaining > 0);
    load.process.kill('SIGINT');
    assert.equal((await load.ended).code, 130);
    assert.deepEqual((await lab.run('klp', 'status', 'web3')).json['patches'], []);
    assert.equal((await lab.run('vm', 'ssh', 'web3', 'echo x > /tmp/fifo')).code, 0);
    assert.equal((await lab.run('vm', 'rm', 'web3')).code, 0);
  });

  it('sees and ends a machine whose start was killed in the middle', async () => {
    const up = lab.start('vm', 'up', 'web2', '--target', target);
    await up.event((event) => event.type === 'stage.waiting' && event.what.startsWith('init of'));
    up.process.kill('SIGKILL');
    await up.ended;
    assert.deepEqual(await machines(), [['web2', 'running']]);
    assert.equal((await lab.run('vm', 'rm', 'web2')).code, 0);
    assert.deepEqual(await lab.qemus(), []);
  });

  it('passes on the exit code of a command in the guest, and knows no machine that is not there', async () => {
    const missing = await lab.run('vm', 'ssh', 'nobody', 'true');
    assert.equal(missing.code, 2);
    assert.equal((missing.json['error'] as { code: string }).code, 'vm.unknown');
    assert.equal((await lab.run('vm', 'down', '../etc')).code, 2);
    assert.equal((await lab.run('vm', 'up', 'Not A Name')).code, 2);
  });

  const bad: [what: string, content: string | Uint8Array, rule: string][] = [
    ['an empty file', '', 'patch-empty'],
    [
      'a path that escapes the tree',
      '--- a/../../etc/passwd\n+++ b/../../etc/passwd\n@@ -1 +1 @@\n-root\n+toor\n',
      'patch-path',
    ],
    ['a binary file', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3, 0, 0]), 'patch-binary'],
    [
      'a patch that does not apply',
      '--- a/fs/proc/cmdline.c\n+++ b/fs/proc/cmdline.c\n@@ -9 +9 @@\n-no such line\n+x\n',
      'patch-does-not-apply',
    ],
    [
      'a file that is not in the source',
      '--- a/fs/no/such.c\n+++ b/fs/no/such.c\n@@ -1 +1 @@\n-a\n+b\n',
      'patch-no-such-file',
    ],
    ['a file under lib/', '--- a/lib/string.c\n+++ b/lib/string.c\n@@ -1 +1 @@\n-/* */\n+//\n', 'NP01'],
  ];
  for (const [what, content, rule] of bad) {
    it(`refuses ${what} in one clear line`, async () => {
      const file = join(scratch, 'bad.patch');
      await writeFile(file, content);
      const { code, json, stderr } = await lab.run('build', file, '--target', target);
      assert.equal(code, 3, stderr);
      assert.equal(json['verdict'], 'refused');
      const reasons = json['reasons'] as { rule: string; message: string; hint: string }[];
      assert.deepEqual(
        reasons.map((reason) => reason.rule),
        [rule],
      );
      assert.ok(
        reasons.every(({ message, hint }) => !message.includes('\n') && message.length > 10 && hint.length > 5),
      );
    });
  }

  it('refuses to patch a function that cannot be traced, naming it and the rule', async () => {
    const file = join(root, 'test/fixtures/patch/notrace-FAIL.patch');
    const { code, json } = await lab.run('build', file, '--target', target);
    assert.equal(code, 3);
    const [reason] = json['reasons'] as { rule: string; function: string; file: string }[];
    assert.equal(reason?.rule, 'NP02');
    assert.ok(reason.function && reason.file);
  });

  it('says in one line what is wrong with a scenario, a target, a missing file', async () => {
    const scenario = join(scratch, 's.yaml');
    await writeFile(scenario, 'schema: 1\ntitle: x\npatches:\n  - title: y\n    file: ../../etc/passwd\n');
    const cases: [string[], string][] = [
      [['trial', scenario], 'scenario.invalid'],
      [['trial', join(scratch, 'none.yaml')], 'scenario.invalid'],
      [['build', join(scratch, 'none.patch')], 'patch.invalid'],
      [['build', greeting, '--target', 'trixie'], 'kernel.unknown'],
      [['build', greeting, '--target', `${target}@0.1`], 'kernel.unknown'],
    ];
    for (const [words, expected] of cases) {
      const { code, json } = await lab.run(...words);
      const error = json['error'] as { code: string; message: string };
      assert.deepEqual([code, error.code], [2, expected], words.join(' '));
      assert.doesNotMatch(error.message, /\n/);
    }
  });
});
