// The builder on a real kernel: every patch of test/fixtures/patch is built for the stock kernel; what must be refused is
// refused by the rule it was written for, the rest is loaded into one running guest, seen at work, and taken out again.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { disableLivepatch } from '../../lab/src/klp/disable-livepatch.ts';
import { readKlpStatus } from '../../lab/src/klp/klp-status.ts';
import { loadLivepatch } from '../../lab/src/klp/load-livepatch.ts';
import { readLivepatchModule } from '../../lab/src/klp/module-file.ts';
import { unloadLivepatch } from '../../lab/src/klp/unload-livepatch.ts';
import { type BuildReason, type BuildResult, openLab } from '../../lab/src/lab.ts';
import { readKernelLog, writeCanary } from '../../lab/src/trial/kernel-log.ts';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { operate } from '../support/operation.ts';
import { testTarget } from '../support/stock-kernel.ts';
import { openTestLab, startTestMachine, type TestLab } from '../support/test-machine.ts';

const patches = new URL('../fixtures/patch/', import.meta.url);

/** What must be said against each patch; places are those of the patched file. */
const refusals: Record<string, Partial<BuildReason>> = {
  'data-FAIL': { rule: 'DA02', file: 'fs/binfmt_misc.c', line: 1068 },
  'export-type-FAIL': { rule: 'DA09', file: 'fs/namei.c', line: 42 },
  'header-FAIL': { rule: 'DA10', file: 'include/linux/fs.h', line: 99 },
  'init-code-FAIL': { rule: 'NP05', file: 'fs/binfmt_misc.c', line: 1078, function: 'init_misc_binfmt' },
  'lib-FAIL': { rule: 'NP01', file: 'lib/string_helpers.c', line: 19 },
  'new-export-FAIL': { rule: 'NP08', file: 'fs/namei.c', line: 2775 },
  'not-built-FAIL': { rule: 'unit-not-built', file: 'drivers/isdn/mISDN/core.c', line: 7 },
  'notrace-FAIL': {
    rule: 'NP02',
    file: 'kernel/time/timekeeping.c',
    line: 388,
    function: 'ktime_get_mono_fast_ns',
  },
  'objtool-FAIL': { rule: 'objtool', file: 'fs/proc/version.c', line: 10, function: 'version_proc_show' },
  'section-FAIL': { rule: 'kpatch', file: 'fs/proc/version.c', line: 10, function: 'version_proc_show' },
  'sealed-pointer-FAIL': { rule: 'CO04', file: 'fs/proc/cmdline.c', line: 6, function: 'ksys_sync' },
  'static-local-FAIL': { rule: 'DA04', file: 'drivers/tty/vt/vt.c', line: 747, function: 'complement_pos' },
  'struct-layout-FAIL': { rule: 'DA01', file: 'fs/timerfd.c', line: 43 },
  'syntax-error-FAIL': {
    rule: 'does-not-compile',
    file: 'fs/binfmt_misc.c',
    line: 166,
    function: 'put_binfmt_handler',
  },
};

/** Frees the file that a binfmt_misc entry held; then the file can be written again, or not (ETXTBSY). */
const registerAndRemove = `
mount | grep -q binfmt_misc || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
cp /bin/busybox /tmp/$$ && echo ":entry:M::lpl-magic::/tmp/$$:F" > /proc/sys/fs/binfmt_misc/register
echo -1 > /proc/sys/fs/binfmt_misc/entry
(echo x >> /tmp/$$) 2>/dev/null && echo writable || echo stuck
`;
const capability = 'cat /sys/bus/pci/drivers/pvpanic-pci/0*/capability';

type Effect = {
  /** object:function of everything the livepatch replaces. */
  replaces: string[];
  /** Runs in the guest before, during and after. */
  script: string;
  original: RegExp;
  patched: RegExp;
};

const effects: Record<string, Effect> = {
  // First, so that the livepatch is there before its module is.
  'binfmt-misc': {
    replaces: ['binfmt_misc:load_misc_binary', 'binfmt_misc:bm_evict_inode'],
    script: `modprobe binfmt_misc\n${registerAndRemove}`,
    original: /^stuck$/m,
    patched: /^writable$/m,
  },
  'line-shift': {
    replaces: ['binfmt_misc:load_misc_binary', 'binfmt_misc:bm_evict_inode'],
    script: registerAndRemove,
    original: /^stuck$/m,
    patched: /^stuck$/m,
  },
  cmdline: {
    replaces: ['vmlinux:cmdline_proc_show'],
    script: 'cat /proc/cmdline',
    original: /^console=(?!.* livepatched)/,
    patched: /^console=.* livepatched=1$/m,
  },
  version: {
    replaces: ['vmlinux:version_proc_show'],
    script: 'cat /proc/version',
    original: /^Linux version 6\.12/,
    patched: /^livepatched Linux version 6\.12/,
  },
  module: {
    replaces: ['pvpanic:capability_show'],
    script: capability,
    original: /^\d$/m,
    patched: /^livepatched \d$/m,
  },
  'struct-new': {
    replaces: ['vmlinux:version_proc_show'],
    script: 'cat /proc/version',
    original: /^Linux version 6\.12/,
    patched: /^greeted \d+ Linux version 6\.12/,
  },
  'two-units': {
    replaces: ['vmlinux:cmdline_proc_show', 'vmlinux:version_proc_show'],
    script: 'cat /proc/cmdline /proc/version',
    original: /^console=(?!.* livepatched).*\nLinux version/,
    patched: /^console=.* livepatched=2\nlivepatched Linux version/,
  },
  'two-objects': {
    replaces: ['vmlinux:cmdline_proc_show', 'pvpanic:capability_show'],
    script: `cat /proc/cmdline; ${capability}`,
    original: /^console=(?!.* livepatched).*\n\d$/m,
    patched: /^console=.* livepatched=3\nin two objects \d$/m,
  },
  // These change nothing that can be seen from outside; wrong code would kill whoever runs it.
  'runtime-constant': {
    replaces: ['vmlinux:__d_lookup'],
    script: 'ls -R /proc/sys /sys/module | wc -l',
    original: /^\d{4,}$/m,
    patched: /^\d{4,}$/m,
  },
  uname: { replaces: ['vmlinux:override_release'], script: 'uname -r', original: /^6\.12/, patched: /^6\.12/ },
  'cold-part': {
    replaces: ['vmlinux:ext4_xattr_block_set', 'vmlinux:ext4_expand_extra_isize_ea'],
    script: 'echo alive',
    original: /alive/,
    patched: /alive/,
  },
  'vfs-tmpfile': { replaces: ['vmlinux:vfs_tmpfile'], script: 'echo alive', original: /alive/, patched: /alive/ },
};

describe('livepatches built for a stock kernel', function () {
  this.timeout(120_000);
  const { signal } = new AbortController();
  let lab: TestLab;
  let scratch: string;
  let machine: RunningMachine;
  let canary: string;

  before(async () => {
    lab = await openTestLab();
    scratch = await mkdtemp(join(tmpdir(), 'lpl-build-'));
    machine = await startTestMachine(lab.paths, 'build');
    canary = await writeCanary(machine.guest, signal);
  });
  after(async () => {
    await machine.stop();
    await rm(scratch, { recursive: true });
    await lab.close();
  });

  const guestSays = async (script: string) => (await machine.guest.script(script, { signal })).stdout;
  const build = async (name: string, { replace = false } = {}): Promise<BuildResult> => {
    const directory = (path: string) => new URL(`../../${path}`, import.meta.url).pathname;
    const { paths } = lab;
    const patch = await readFile(new URL(`${name}.patch`, patches), 'utf8');
    const { build } = openLab({
      paths,
      resources: { guest: directory('images/guest'), examples: directory('lab/examples') },
    });
    const request = { patch, patchName: `${name}.patch`, target: testTarget, replace };
    return operate((ctx) => build({ ...request, out: join(scratch, `${name}-${replace}.ko`) }, ctx));
  };
  /** Builds and loads; returns the name in /sys/kernel/livepatch. */
  const load = async (name: string, options?: { replace: boolean }) => {
    const result = await build(name, options);
    assert.equal(result.verdict, 'built', JSON.stringify(result.reasons));
    const { name: module, content } = await readLivepatchModule(result.module ?? '');
    const { outcome } = await operate((ctx) => loadLivepatch({ guest: machine.guest, module, content }, ctx));
    assert.equal(outcome, 'complete');
    return { module, result };
  };
  const unload = async (module: string) => {
    const { outcome } = await operate((ctx) => disableLivepatch({ guest: machine.guest, module }, ctx));
    assert.equal(outcome, 'complete');
    await operate((ctx) => unloadLivepatch({ guest: machine.guest, module }, ctx));
  };

  it('has an expectation for every patch', async () => {
    const files = (await readdir(patches)).filter((file) => file.endsWith('.patch'));
    const expected = [...Object.keys(refusals), ...Object.keys(effects)].map((name) => `${name}.patch`);
    assert.deepEqual(files.sort(), expected.sort());
  });

  for (const [name, expected] of Object.entries(refusals))
    it(`${name} is refused: ${expected.rule}`, async () => {
      const { verdict, reasons, module } = await build(name);
      assert.equal(verdict, expected.rule === 'does-not-compile' ? 'failed' : 'refused');
      assert.equal(module, undefined);
      assert.deepEqual(
        reasons.map(({ message: _message, hint: _hint, ...place }) => place),
        [expected],
      );
    });

  for (const [name, { replaces, script, original, patched }] of Object.entries(effects))
    it(`${name} is built, loaded, seen, unloaded`, async () => {
      const { module, result } = await load(name);
      const changed = result.functions.filter(({ kind }) => kind === 'changed');
      assert.deepEqual(
        changed.map(({ object, name: function_ }) => `${object}:${function_}`),
        replaces,
      );
      assert.match(await guestSays(script), patched);
      await unload(module);
      assert.match(await guestSays(script), original);
    });

  it('stacks livepatches, and one with replace takes the place of all', async () => {
    const stacked = [(await load('cmdline')).module, (await load('two-units')).module];
    assert.match(await guestSays('cat /proc/cmdline'), / livepatched=2$/m, 'the later one wins');
    const { module } = await load('two-objects', { replace: true });
    const status = await readKlpStatus(machine.guest, signal);
    assert.deepEqual(
      status.map(({ name, enabled }) => [name, enabled]),
      [[module, true]],
    );
    assert.match(await guestSays('cat /proc/cmdline /proc/version'), / livepatched=3\nLinux version/);
    for (const each of stacked) await operate((ctx) => unloadLivepatch({ guest: machine.guest, module: each }, ctx));
    await unload(module);
  });

  it('leaves a running kernel that has nothing to complain of, and no livepatch', async () => {
    const log = await readKernelLog(machine.guest, canary, signal);
    assert.deepEqual([log.canaryFound, log.problems], [true, []]);
    const transitions = log.lines.filter((line) => line.includes('patching complete'));
    assert.ok(transitions.length >= 2 * Object.keys(effects).length, 'the log tells of every transition');
    assert.deepEqual(await readKlpStatus(machine.guest, signal), []);
    assert.doesNotMatch(await guestSays('lsmod'), /^livepatch_/m);
  });
});
