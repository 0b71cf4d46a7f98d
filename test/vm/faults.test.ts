// What goes wrong around a machine, what the user is told of it, and that nothing is left behind. Faults with a test of
// their own elsewhere: panics, time-outs, SIGKILL and two at once in machine.test.ts; damaged snapshots in snapshot.test.ts.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { compilersOf } from '../support/compilers-of.ts';
import { type CliLab, lplProgram, openCliLab } from '../support/lpl.ts';
import { testLabRoot } from '../support/stock-kernel.ts';
import { tellsTheTime } from '../support/tells-the-time.ts';
import { withoutNamespaces } from '../support/without-namespaces.ts';

const errorOf = (json: Record<string, unknown>) => json['error'] as { code: string; message: string; hint: string };

describe('lpl vm up, killed with SIGKILL', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab('own')));
  after(() => lab.close());

  const waitingFor = (stage: string, what: RegExp) => (event: LabEvent) =>
    event.type === 'stage.waiting' && event.stage === stage && what.test(event.what);

  // In the order in which they come, so that each finds what the one before left.
  const moments: [string, (event: LabEvent) => boolean][] = [
    ['before it has an image', (event) => event.type === 'stage.start' && event.stage === 'guest-image'],
    ['while the template starts', waitingFor('snapshot', /QEMU to start/)],
    ['while the template boots', waitingFor('snapshot', /kernel and init/)],
    ['while the template is saved', waitingFor('snapshot', /state to be saved/)],
    ['while its QEMU starts', waitingFor('boot', /QEMU to start/)],
    ['while it learns who it is', waitingFor('boot', /init of/)],
  ];
  for (const [when, isMoment] of moments)
    it(`${when}: the next one works all the same`, async () => {
      const up = lab.start('vm', 'up', 'web1');
      await up.event(isMoment);
      up.process.kill('SIGKILL');
      await up.ended;
      // At most the machine itself is there: it outlives whoever started it, and is seen and ended by its name.
      const { json } = await lab.run('vm', 'ls');
      const machines = json['machines'] as { name: string; state: string }[];
      assert.ok(
        machines.every(({ name }) => name === 'web1'),
        JSON.stringify(machines),
      );
      const qemus = await lab.qemus();
      assert.ok(
        qemus.length <= 1 && qemus.every(({ guest }) => guest.startsWith('guest=lpl-web1,')),
        JSON.stringify(qemus),
      );
      if (machines.length > 0) assert.equal((await lab.run('vm', 'rm', 'web1')).code, 0);
      assert.deepEqual(await lab.qemus(), []);
    });

  it('or left by a second Ctrl-C: no machine runs that nobody was given', async () => {
    const up = lab.start('vm', 'up', 'web2', '--cold');
    await up.event(waitingFor('boot', /kernel and init/));
    // Two signals of one kind may arrive as one.
    up.process.kill('SIGINT');
    up.process.kill('SIGTERM');
    assert.equal((await up.ended).code, 130);
    assert.deepEqual(await lab.qemus(), []);
    assert.equal((await lab.run('vm', 'rm', 'web2')).code, 0);
  });

  it('leaves nothing half-made: one snapshot, no template, and a machine that runs', async () => {
    assert.equal((await lab.run('vm', 'up', 'web1')).code, 0);
    const snapshots = await readdir(join(lab.directory, 'cache/livepatch-lab/snapshots'));
    assert.equal(snapshots.length, 1, snapshots.join());
    assert.deepEqual(await readdir(join(lab.directory, 'state/livepatch-lab/vms')), ['web1']);
  });

  it('runs on while the cache is pruned, which takes only what nobody uses', async () => {
    const snapshots = join(lab.directory, 'cache/livepatch-lab/snapshots');
    const prune = () => lab.run('cache', 'prune', '--older-than', '0h');
    const { json } = await prune();
    const spared = json['spared'] as { room: string; keptBy: string }[];
    assert.deepEqual([spared.map(({ room }) => room), json['removed']], [['snapshots'], []]);
    assert.match(spared[0]?.keptBy ?? '', /^pid \d+ \(/);
    assert.equal((await readdir(snapshots)).length, 1);
    assert.equal((await lab.run('vm', 'ssh', 'web1', 'true')).code, 0);
    assert.equal((await lab.run('vm', 'rm', 'web1')).code, 0);
    await prune();
    assert.deepEqual(await readdir(snapshots), []);
  });
});

describe('lpl build', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab('own')));
  after(() => lab.close());

  const patch = (name: string) => fileURLToPath(new URL(`../fixtures/patch/${name}.patch`, import.meta.url));
  const build = (name: string) => lab.start('build', patch(name), '--out', join(lab.directory, `${name}.ko`));

  it('killed with SIGKILL at three moments, hurts no later builds, two of them at once, and they leave nothing half-made', async () => {
    for (const stage of ['kernel-facts', 'compile-0', 'check']) {
      const run = build('cmdline');
      await run.event((event) => event.type === 'stage.start' && event.stage === stage);
      run.process.kill('SIGKILL');
      await run.ended;
    }
    const built = await Promise.all([build('cmdline').ended, build('two-units').ended]);
    assert.deepEqual(
      built.map(({ code, stderr }) => [code, code === 0 ? '' : stderr]),
      [
        [0, ''],
        [0, ''],
      ],
    );
    const builds = join(lab.directory, 'cache/livepatch-lab/builds');
    const benches = await readdir(builds);
    const left = (await Promise.all(benches.map((bench) => readdir(join(builds, bench))))).flat();
    assert.deepEqual(
      left.filter((name) => name.startsWith('work-') || name.includes('.tmp-')),
      [],
    );
    assert.ok(left.some((name) => name.startsWith('unit-')));
  });

  /** Builds while the compiler's nth run over the patched file is killed. */
  async function buildKilling(nth: number) {
    const run = build('binfmt-misc');
    const seen = new Set<number>();
    const poll = setInterval(() => {
      for (const pid of compilersOf(run.process.pid, 'fs/binfmt_misc.c')) {
        if (seen.has(pid)) continue;
        seen.add(pid);
        if (seen.size === nth) process.kill(pid, 'SIGKILL');
      }
    }, 5);
    const ended = await run.ended;
    clearInterval(poll);
    assert.ok(seen.size >= nth, `${seen.size} compilers`);
    return ended;
  }

  it('whose compiler is killed, as when memory runs out, does not blame the patch, and the next one is not the worse for it', async () => {
    // Under kbuild, for the target's own object; then the lab's own run of it.
    for (const [nth, by] of [
      [1, 'make'],
      [2, 'gcc'],
    ] as const) {
      const { code, json } = await buildKilling(nth);

      const { code: error, message } = errorOf(json);
      assert.deepEqual([code, error], [69, 'host.no-memory'], message);
      assert.match(
        message,
        new RegExp(`^${by} exited with \\d: gcc: fatal error: Killed signal terminated program cc1`),
      );
    }
    const { code, stderr } = await build('binfmt-misc').ended;
    assert.equal(code, 0, stderr);
  });
});

describe('a QEMU that answers nothing any more', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab()));
  after(() => lab.close());

  it('is told by vm ls, which does not hang, and is ended by vm down', async () => {
    await lab.run('vm', 'up', 'mute');
    const [qemu] = await lab.qemus();
    assert.ok(qemu);
    process.kill(qemu.pid, 'SIGSTOP');
    const { json } = await lab.run('vm', 'ls');
    const [machine] = json['machines'] as { state: string; reason: string }[];
    assert.equal(machine?.state, 'broken');
    assert.match(machine?.reason ?? '', /QMP .*: nothing after \d+ s/);
    assert.equal((await lab.run('vm', 'down', 'mute')).code, 0);
    assert.deepEqual(await lab.qemus(), []);
  });
});

describe('a disk', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab('own')));
  after(() => lab.close());
  const state = () => join(lab.directory, 'state');

  it('too small for a snapshot: said before anything is booted', async () => {
    const { code, json } = await lab.onDisk(
      join(lab.directory, 'cache/livepatch-lab/snapshots'),
      'size=64m',
      'vm',
      'up',
      'x',
    );
    assert.equal(code, 69);
    const { code: what, message } = errorOf(json);
    assert.equal(what, 'host.no-space');
    assert.match(message, /^a snapshot of a booted machine can take 512 MiB, .* has 6\d MiB free$/);
  });

  it('that is full: one line, and no QEMU', async () => {
    const { code, json } = await lab.onDisk(state(), 'size=4k', 'vm', 'up', 'x', '--cold');
    assert.equal(code, 69);
    assert.equal(errorOf(json).code, 'host.no-space');
    assert.match(errorOf(json).message, /no space left on device$/);
    assert.deepEqual(await lab.qemus(), []);
  });

  it('that is read-only: one line, and no QEMU', async () => {
    const { code, json } = await lab.onDisk(state(), 'ro', 'vm', 'up', 'x', '--cold');
    assert.equal(code, 69);
    assert.equal(errorOf(json).code, 'host.unwritable');
    assert.match(errorOf(json).message, /read-only file system$/);
    assert.deepEqual(await lab.qemus(), []);
  });
});

describe('a host that forbids user namespaces', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab()));
  after(() => lab.close());

  it('is told before anything is downloaded but the lists of packages', async () => {
    const cache = join(lab.directory, 'empty');
    const env = { ...lab.env, XDG_CACHE_HOME: cache };
    const [unshare, ...words] = withoutNamespaces(process.execPath, lplProgram, '--json', 'vm', 'up', 'x');
    const { status, stdout, stderr } = spawnSync(unshare, words, { env, encoding: 'utf8' });
    assert.equal(status, 69, stderr);
    const { code, message, hint } = errorOf(JSON.parse(stdout) as Record<string, unknown>);
    assert.equal(code, 'host.missing-tool');
    assert.match(message, /^no sandbox can be made here: bwrap exited with 1: bwrap: /);
    assert.match(hint, /user namespaces/);
    const left = await readdir(cache, { recursive: true });
    assert.deepEqual(
      left.filter((name) => name.endsWith('.deb')),
      [],
    );
  });
});

describe('a QEMU of the user’s own', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab()));
  after(() => lab.close());

  it('is used when LPL_QEMU names it, from a snapshot of its own', async () => {
    const labRoot = await testLabRoot();
    const libraries = `${labRoot}/usr/lib/x86_64-linux-gnu`;
    const firmware = ['qemu', 'seabios'].map((name) => `-L ${labRoot}/usr/share/${name}`).join(' ');
    const program = `${labRoot}/usr/lib64/ld-linux-x86-64.so.2 --library-path ${libraries} ${labRoot}/usr/bin/qemu-system-x86_64`;
    const own = join(lab.directory, 'own-qemu');
    await writeFile(own, `#!/bin/sh\nexec ${program} ${firmware} "$@"\n`, { mode: 0o755 });
    lab.env['LPL_QEMU'] = own;
    const { code } = await lab.run('vm', 'up', 'own');
    assert.equal(code, 0);
    const [qemu] = await lab.qemus();
    const words = (await readFile(`/proc/${qemu?.pid}/cmdline`, 'utf8')).split('\0');
    assert.ok(!words.includes(`${labRoot}/usr/lib/ipxe/qemu`), 'the lab gives its own QEMU one path of firmware more');
    assert.equal((await lab.run('vm', 'rm', 'own')).code, 0);
    lab.env['LPL_QEMU'] = join(lab.directory, 'none');
    const { json } = await lab.run('vm', 'up', 'own');
    assert.equal(errorOf(json).code, 'qemu.not-found');
  });
});

describe('a clock that jumps', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab()));
  after(() => lab.close());

  it('in the guest, leaves the machine as it is: listed, reachable, saved and brought back to the present', async () => {
    await lab.run('vm', 'up', 'late');
    await lab.run('vm', 'ssh', 'late', 'date -s @4000000000');
    const { json } = await lab.run('vm', 'ls');
    const [machine] = json['machines'] as { state: string; upMs: number }[];
    assert.equal(machine?.state, 'running');
    assert.ok(machine.upMs < 600_000);
    assert.equal((await lab.run('vm', 'snapshot', 'late')).code, 0);
    assert.equal((await lab.run('vm', 'restore', 'late')).code, 0);
    await tellsTheTime(async () => String((await lab.run('vm', 'ssh', 'late', 'date +%s')).json['stdout']), 3);
    assert.equal((await lab.run('vm', 'rm', 'late')).code, 0);
  });
});
