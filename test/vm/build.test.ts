// The builder on a real kernel: every patch of test/fixtures/patch is built for the stock kernel; what must be refused is
// refused by the rule it was written for, the rest is loaded into one running guest, seen at work, and taken out again.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rule } from '../../lab/src/build/rules.ts';
import { readElf } from '../../lab/src/kernel/elf.ts';
import { applyPatch } from '../../lab/src/patch/apply-patch.ts';
import { readPatch } from '../../lab/src/patch/read-patch.ts';
import { facade } from '../support/facade.ts';
import { type LivepatchMachine, openLivepatchMachine } from '../support/livepatch-machine.ts';
import { operate } from '../support/operation.ts';
import { refusals } from '../support/patch-refusals.ts';
import { testBuildTree, testTarget } from '../support/stock-kernel.ts';
import { openTestLab, type TestLab } from '../support/test-machine.ts';

const patches = new URL('../fixtures/patch/', import.meta.url);

const registerAndRemove = `
mount | grep -q binfmt_misc || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
cd /proc/sys/fs/binfmt_misc && echo ":entry:M::lpl-magic::/bin/busybox:" > register
cat entry && echo -1 > entry
`;
const capability = 'cat /sys/bus/pci/drivers/pvpanic-pci/0*/capability';
const constants = `
grep State /proc/self/status; grep -m1 VmFlags /proc/self/smaps
ip addr add 127.0.0.7/32 dev lo label lo:long 2>&1 && ip addr del 127.0.0.7/32 dev lo`;
const alive = { script: 'echo alive', original: /alive/, patched: /alive/ };

type Effect = {
  /** object:function of everything the livepatch replaces, + before what it adds. */
  functions: string[];
  /** Runs in the guest before, during and after. */
  script: string;
  original: RegExp;
  patched: RegExp;
};

const effects: Record<string, Effect> = {
  // First, so that the livepatch is there before its module is.
  'binfmt-misc': {
    functions: ['binfmt_misc:bm_entry_read', '+binfmt_misc:lpl_status'],
    script: `modprobe binfmt_misc\n${registerAndRemove}`,
    original: /^enabled$/m,
    patched: /^livepatched$/m,
  },
  'line-shift': {
    functions: ['binfmt_misc:load_misc_binary'],
    script: registerAndRemove,
    original: /^enabled$/m,
    patched: /^enabled$/m,
  },
  'cold-part': {
    functions: ['binfmt_misc:bm_status_read'],
    script: 'cat /proc/sys/fs/binfmt_misc/status',
    original: /^enabled$/m,
    patched: /^enabled, and livepatched$/m,
  },
  extack: {
    functions: ['vmlinux:inet_rtm_deladdr', 'vmlinux:inet_rtm_newaddr'],
    script: 'ip addr add 127.0.0.7/32 dev lo 2>&1; ip addr add 127.0.0.7/32 dev lo 2>&1',
    original: /File exists/,
    patched: /resource busy/i,
  },
  // Tables of texts, of numbers (a netlink policy), and of a function.
  constant: {
    functions: [
      ...['do_task_stat', 'proc_pid_status', 'show_smap', 'inet_valid_dump_ifaddr_req.constprop.0'],
      ...['inet_rtm_deladdr', 'rtm_to_ifaddr.constprop.0'],
    ].map((name) => `vmlinux:${name}`),
    script: constants,
    original: /^State:\tR \(running\)\nVmFlags: rd .*$(?![^]*range)/m,
    patched: /^State:\tR \(livepatched\)\nVmFlags: RD .*\n[^]*range/m,
  },
  cmdline: {
    functions: ['vmlinux:cmdline_proc_show'],
    script: 'cat /proc/cmdline',
    original: /^console=(?!.* livepatched)/,
    patched: /^console=.* livepatched=1$/m,
  },
  version: {
    functions: ['vmlinux:version_proc_show'],
    script: 'cat /proc/version',
    original: /^Linux version \d/,
    patched: /^livepatched Linux version \d/,
  },
  module: {
    functions: ['pvpanic:capability_show'],
    script: capability,
    original: /^\d$/m,
    patched: /^livepatched \d$/m,
  },
  'struct-new': {
    functions: ['vmlinux:version_proc_show'],
    script: 'cat /proc/version',
    original: /^Linux version \d/,
    patched: /^greeted \d+ Linux version \d/,
  },
  'two-units': {
    functions: ['vmlinux:cmdline_proc_show', 'vmlinux:version_proc_show'],
    script: 'cat /proc/cmdline /proc/version',
    original: /^console=(?!.* livepatched).*\nLinux version/,
    patched: /^console=.* livepatched=2\nlivepatched Linux version/,
  },
  // What is new in it is used by the patch alone.
  'new-export': {
    functions: ['vmlinux:cmdline_proc_show', '+vmlinux:lpl_new_export'],
    script: 'cat /proc/cmdline; grep -c "__ksymtab_lpl_new_export" /proc/kallsyms',
    original: /^console=(?!.* export=).*\n0$/m,
    patched: /^console=.* export=5\n0$/m,
  },
  // The kernel keeps the export.
  'export-gone': {
    functions: ['vmlinux:vfs_tmpfile'],
    script: 'grep -c "__ksymtab_vfs_path_lookup$" /proc/kallsyms',
    original: /^1$/m,
    patched: /^1$/m,
  },
  'static-local-gone': { functions: ['vmlinux:complement_pos'], ...alive },
  // Units that only the architecture's Makefile leads to: by $(BITS) in a name, by a directory of its own.
  'named-by-arch': { functions: ['vmlinux:KSTK_ESP', 'vmlinux:pcibios_assign_all_busses'], ...alive },
  // A macro of a header, in two of the ten units that include it; one of them is put together from C files, one of which
  // the patch edits as well.
  header: {
    functions: ['loadavg_proc_show', 'psi_cpu_show', 'psi_memory_show', 'psi_io_show', 'psi_show'].map(
      (name) => `vmlinux:${name}`,
    ),
    script: 'cat /proc/loadavg; grep -c livepatched /proc/pressure/cpu',
    original: /^\d{1,2}\.\d\d [^]*^0$/m,
    patched: /^10\d\d\.10\d\d [^]*^1$/m,
  },
  // An inline function of a header that thousands of units include and three use.
  'header-inline': {
    functions: [
      'show_softirqs',
      'show_stat',
      'rcu_check_gp_kthread_expired_fqs_timer',
      'print_cpu_stall_info',
      'rcu_watching_snap_recheck',
      '__note_gp_changes',
    ].map((name) => `vmlinux:${name}`),
    script: 'grep -c " 40000" /proc/softirqs',
    original: /^0$/m,
    patched: /^10$/m,
  },
  'two-objects': {
    functions: ['vmlinux:cmdline_proc_show', 'pvpanic:capability_show'],
    script: `cat /proc/cmdline; ${capability}`,
    original: /^console=(?!.* livepatched).*\n\d$/m,
    patched: /^console=.* livepatched=3\nin two objects \d$/m,
  },
  // These change nothing that can be seen from outside; wrong code would kill whoever runs it.
  'runtime-constant': {
    functions: ['vmlinux:__d_lookup'],
    script: 'ls -R /proc/sys /sys/module | wc -l',
    original: /^\d{4,}$/m,
    patched: /^\d{4,}$/m,
  },
  // Its body is a function without an ftrace entry.
  syscall: {
    functions: ['vmlinux:__x64_sys_newuname', 'vmlinux:__ia32_sys_newuname', '+vmlinux:__do_sys_newuname_livepatched'],
    script: 'uname -n',
    original: /^[^#]/,
    patched: /^#/,
  },
  uname: { functions: ['vmlinux:override_release'], script: 'uname -r', original: /^\d+\./, patched: /^\d+\./ },
  'vfs-tmpfile': { functions: ['vmlinux:vfs_tmpfile'], ...alive },
};

/** The line of the target's patched source, 1-based, on which only that text stands. */
async function lineOf(name: string, file: string, wanted: string): Promise<number> {
  const patch = readPatch(await readFile(new URL(`${name}.patch`, patches), 'utf8'));
  assert.ok(Array.isArray(patch) && patch[0]);
  const original = await readFile(join((await testBuildTree()).source, file), 'latin1');
  const applied = applyPatch(original, patch[0]);
  assert.ok('text' in applied, `${name} applies`);
  const lines = applied.text.split('\n').map((line) => line.trim());
  assert.equal(lines.filter((line) => line === wanted).length, 1, `${wanted} stands once in ${file}`);
  return lines.indexOf(wanted) + 1;
}

describe('livepatches built for a stock kernel', () => {
  let lab: TestLab;
  let livepatches: LivepatchMachine;

  before(async () => {
    // A kernel, its source and its compiler may have to be fetched.
    lab = await openTestLab();
    livepatches = await openLivepatchMachine(lab, 'build', testTarget);
  });
  after(async () => {
    await livepatches.close();
    await lab.close();
  });

  it('has an expectation for every patch', async () => {
    const files = (await readdir(patches)).filter((file) => file.endsWith('.patch'));
    const expected = [...Object.keys(refusals), ...Object.keys(effects)].map((name) => `${name}.patch`);
    assert.deepEqual(files.sort(), expected.sort());
  });

  for (const [name, expected] of Object.entries(refusals))
    it(`${name} is refused: ${expected.rule}`, async () => {
      const { verdict, reasons, module } = await livepatches.build(name);
      assert.equal(verdict, expected.rule === 'does-not-compile' ? 'failed' : 'refused');
      assert.equal(module, undefined);
      assert.deepEqual(
        reasons
          .filter((each) => rule(each.rule).level === 'error')
          .map(({ message: _message, hint: _hint, ...place }) => place),
        [{ ...expected, line: await lineOf(name, expected.file, expected.line) }],
      );
    });

  for (const [name, { functions, script, original, patched }] of Object.entries(effects))
    it(`${name} is built, loaded, seen, unloaded`, async () => {
      const { module, result } = await livepatches.load(name);
      assert.deepEqual(
        result.functions.map((each) => `${each.kind === 'new' ? '+' : ''}${each.object}:${each.name}`),
        functions,
      );
      assert.match(await livepatches.says(script), patched);
      await livepatches.unload(module);
      assert.match(await livepatches.says(script), original);
    });

  it('builds what lpl new writes, which behaves as it says and goes again', async () => {
    const parts = { target: testTarget, functions: [], callbacks: true, shadow: true };
    const source = await operate((ctx) => facade(lab.paths).newLivepatch(parts, ctx));
    const request = { patchName: 'new.c', target: testTarget, replace: true };
    const buildC = (patch: string) => operate((ctx) => facade(lab.paths).build({ ...request, patch }, ctx));
    const result = await buildC(source);
    assert.deepEqual([result.verdict, result.engine], ['built', 'module'], JSON.stringify(result.reasons));
    const module = await livepatches.loadFile(result.module ?? '');
    const said = await livepatches.says('cat /proc/cmdline; cat /proc/cmdline');
    assert.equal(said, 'this has been live patched\nreads: 1\nthis has been live patched\nreads: 2\n');
    await livepatches.unload(module);
    assert.match(await livepatches.says('cat /proc/cmdline'), /^console=/);
    const { verdict, reasons } = await buildC(source.replace('"cmdline_proc_show"', '"version_show"'));
    assert.deepEqual([verdict, reasons.map(({ rule }) => rule)], ['refused', ['sympos']]);
  });

  it('explains why a function that was not edited is in a livepatch', async () => {
    const patch = await readFile(new URL('binfmt-misc.patch', patches), 'utf8');
    const request = { patch, patchName: 'binfmt-misc.patch', target: testTarget, assembly: 'all' as const };
    const { verdict, units } = await operate((ctx) => facade(lab.paths).explain(request, ctx));
    assert.deepEqual([verdict, units.map(({ object }) => object)], ['explained', ['binfmt_misc']]);
    const [inlines, added] = units[0]?.functions ?? [];
    assert.deepEqual([inlines?.name, inlines?.why, inlines?.traced], ['bm_entry_read', 'inlines', true]);
    assert.match(inlines?.assembly ?? '', /^\+.*lpl_status/m);
    assert.deepEqual([added?.name, added?.why], ['lpl_status', 'new']);
  });

  it("brings a patch into edited files, makes the same patch of them again, and asks the kernel's own checkpatch", async () => {
    const { patchImport, patchCreate } = facade(lab.paths);
    const directory = join(lab.paths.state, 'edited');
    const origin = { file: fileURLToPath(new URL('cmdline.patch', patches)) };
    const request = { origin, directory, target: testTarget, reverse: false };
    assert.equal((await operate((ctx) => patchImport(request, ctx))).outcome, 'applied');
    const words = { subject: 'proc: tell of it', body: 'It was not told.', signOff: false };
    const created = await operate((ctx) => patchCreate({ directory, target: testTarget, ...words }, ctx));
    assert.deepEqual(changesIn(created.patch), changesIn(await readFile(origin.file, 'utf8')));
    assert.ok(created.findings.some(({ type, level }) => type === 'MISSING_SIGN_OFF' && level === 'error'));
    assert.equal((await operate((ctx) => patchImport({ ...request, reverse: true }, ctx))).outcome, 'applied');
    await assert.rejects(
      operate((ctx) => patchCreate({ directory, target: testTarget, ...words }, ctx)),
      /nothing in .* differs/,
    );
  });

  it('takes the .cold part of a changed function along, though not a byte of it changes', async () => {
    const { module } = await livepatches.build('cold-part');
    const { symbols } = readElf(await readFile(module ?? ''));
    assert.ok(symbols.some(({ name }) => name === 'bm_status_read.cold'));
  });

  it('stacks livepatches, and one with replace takes the place of all', async () => {
    const stacked = [(await livepatches.load('cmdline')).module, (await livepatches.load('two-units')).module];
    assert.match(await livepatches.says('cat /proc/cmdline'), / livepatched=2$/m, 'the later one wins');
    const { module } = await livepatches.load('two-objects', { replace: true });
    const enabled = 'cd /sys/kernel/livepatch; for each in *; do echo $each $(cat $each/enabled); done';
    assert.equal(await livepatches.says(enabled), `${module} 1\n`);
    assert.match(await livepatches.says('cat /proc/cmdline /proc/version'), / livepatched=3\nLinux version/);
    for (const each of stacked) await livepatches.says(`rmmod ${each}`);
    await livepatches.unload(module);
  });

  it('leaves a running kernel that has nothing to complain of, and no livepatch', () =>
    livepatches.isSound(2 * Object.keys(effects).length));
});

/** What a patch adds and deletes. */
const changesIn = (patch: string): string[] => {
  const files = readPatch(patch);
  assert.ok(Array.isArray(files));
  const lines = files.flatMap(({ hunks }) => hunks.flatMap((hunk) => hunk.lines));
  return lines.filter(({ kind }) => kind !== 'keep').map(({ kind, text }) => `${kind} ${text}`);
};
