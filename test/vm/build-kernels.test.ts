// The builder on other kernels than the default one: an older one with its own compiler, and one of those that are taken
// apart by upstream's `objtool klp`. Each silent trap of that tool (FACTS 3b) has a patch here that falls into it.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rule as ruleOf } from '../../lab/src/build/rules.ts';
import { ensureConfiguredObjects, readConfiguredObjects } from '../../lab/src/kernel/configured-objects.ts';
import { type LivepatchMachine, openLivepatchMachine } from '../support/livepatch-machine.ts';
import { operate } from '../support/operation.ts';
import { buildTreeOf } from '../support/stock-kernel.ts';
import { openTestLab, type TestLab } from '../support/test-machine.ts';

type Kernel = {
  target: string;
  choice: RegExp;
  /** Rule by which a patch must be refused. */
  refusals: Record<string, string>;
  effects: readonly string[];
};

const kernels: readonly Kernel[] = [
  {
    target: 'debian:bookworm/cloud-amd64@6.1',
    choice:
      /^objdiff: stock kernel 6\.1\..*, \d+ units?.*, differ create-diff-object \(.+\), kpatch-build would need it built, twice$/,
    refusals: { 'data-FAIL': 'DA02', 'header-struct-FAIL': 'DA01', 'export-alone-FAIL': 'no-change' },
    effects: [
      ...['binfmt-misc', 'kernels/not-unique', 'kernels/new-global', 'header', 'syscall', 'constant'],
      ...['export-gone', 'static-local-gone'],
    ],
  },
  {
    target: 'debian:trixie-backports/cloud-amd64@7.2',
    choice:
      /^objdiff: stock kernel 7\.2\..*, [1-3] units?.*, differ objtool klp \(.+\), klp-build would need it built, twice$/,
    refusals: {
      'data-FAIL': 'DA02',
      'init-code-FAIL': 'NP05',
      'kernels/export-prototype-FAIL': 'DA09',
      'export-alone-FAIL': 'no-change',
      'notrace-FAIL': 'NP02',
      'static-local-FAIL': 'DA04',
      'static-local-folded-FAIL': 'DA04',
    },
    effects: [
      'binfmt-misc',
      'kernels/not-unique',
      'kernels/new-global',
      'kernels/callbacks',
      'kernels/extack',
      'constant',
      'export-gone',
      'static-local-gone',
      'line-shift',
      'runtime-constant',
    ],
  },
];

const capability = 'cat /sys/bus/pci/drivers/pvpanic-pci/0*/capability';
const register = `
mount | grep -q binfmt_misc || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
cd /proc/sys/fs/binfmt_misc && echo ":entry:M::lpl-magic::/bin/busybox:" > register
cat entry && echo -1 > entry`;
const constants = `
grep State /proc/self/status; grep -m1 VmFlags /proc/self/smaps
ip addr add 127.0.0.7/32 dev lo label lo:long 2>&1 && ip addr del 127.0.0.7/32 dev lo`;

/** Runs in the guest while the livepatch is there and afterwards. */
const effects: Record<string, { script: string; original: RegExp; patched: RegExp }> = {
  // First, so that the livepatch is there before its module is.
  'binfmt-misc': {
    script: `modprobe binfmt_misc\n${register}`,
    original: /^enabled$/m,
    patched: /^livepatched$/m,
  },
  // One of three c_start(), with a symbol that the unit did not refer to before. The other two must stay as they are.
  'kernels/not-unique': {
    script: 'cat /proc/consoles; grep -c livepatched /proc/cpuinfo /proc/crypto',
    original: /^ttyS0 .*\n[^]*^\/proc\/cpuinfo:0\n\/proc\/crypto:0$/m,
    patched: /^livepatched, booted with console=[^]*^ttyS0 .*\n[^]*^\/proc\/cpuinfo:0\n\/proc\/crypto:0$/m,
  },
  // Two units of vmlinux, which must become one klp_object, and a module; both use what the third unit adds.
  'kernels/new-global': {
    script: `cat /proc/cmdline; ${capability}`,
    original: /^console=(?!.* of another unit).*\n\d$/m,
    patched: /^console=.* of another unit\n\d of another unit$/m,
  },
  // A shadow variable, attached before the functions are replaced and freed after they are back.
  'kernels/callbacks': {
    script: 'cat /proc/cmdline; dmesg | grep -c "the shadow is gone"',
    original: /^console=(?!.* shadow).*\n1$/m,
    patched: /^console=.* shadow=42\n0$/m,
  },
  // A text of NL_SET_ERR_MSG goes, another changes.
  'kernels/extack': {
    script: 'ip addr add 127.0.0.7/32 dev lo 2>&1; ip addr add 127.0.0.7/32 dev lo 2>&1',
    original: /File exists/,
    patched: /resource busy/i,
  },
  // Tables of texts, of numbers (a netlink policy), and of a function.
  constant: {
    script: constants,
    original: /^State:\tR \(running\)\nVmFlags: rd .*$(?![^]*range)/m,
    patched: /^State:\tR \(livepatched\)\nVmFlags: RD .*\n[^]*range/m,
  },
  // The kernel keeps the export.
  'export-gone': {
    script: 'grep -c "__ksymtab_vfs_path_lookup$" /proc/kallsyms',
    original: /^1$/m,
    patched: /^1$/m,
  },
  'static-local-gone': { script: 'echo alive', original: /alive/, patched: /alive/ },
  // A macro of a header, in two of the eleven units that include it; with entries for paravirt calls.
  header: {
    script: 'cat /proc/loadavg; grep -c livepatched /proc/pressure/cpu',
    original: /^\d{1,2}\.\d\d [^]*^0$/m,
    patched: /^10\d\d\.10\d\d [^]*^1$/m,
  },
  // Its body is a function without an ftrace entry.
  syscall: { script: 'uname -n', original: /^[^#]/, patched: /^#/ },
  'line-shift': { script: register, original: /^enabled$/m, patched: /^enabled$/m },
  // Wrong code would kill whoever runs it.
  'runtime-constant': {
    script: 'ls -R /proc/sys /sys/module | wc -l',
    original: /^\d{4,}$/m,
    patched: /^\d{4,}$/m,
  },
};

for (const [index, kernel] of kernels.entries())
  describe(`livepatches for ${kernel.target}`, () => {
    let lab: TestLab;
    let livepatches: LivepatchMachine;

    before(async () => {
      // The kernel, its source and its compiler may have to be fetched.
      lab = await openTestLab();
      livepatches = await openLivepatchMachine(lab, `kernel${index}`, kernel.target);
    });
    after(async () => {
      await livepatches.close();
      await lab.close();
    });

    for (const [name, rule] of Object.entries(kernel.refusals))
      it(`${name} is refused: ${rule}`, async () => {
        const { verdict, reasons, choice } = await livepatches.build(name);
        assert.deepEqual([verdict, reasons[0]?.rule], ['refused', rule]);
        const more = reasons.filter((each) => each.rule !== rule && ruleOf(each.rule).level === 'error');
        assert.deepEqual(more, []);
        // A header can be refused before units are looked for.
        if (!name.startsWith('header')) assert.match(choice ?? '', kernel.choice);
      });

    for (const name of kernel.effects)
      it(`${name} is built, loaded, seen, unloaded`, async () => {
        const effect = effects[name];
        assert.ok(effect);
        const { module } = await livepatches.load(name);
        assert.match(await livepatches.says(effect.script), effect.patched);
        await livepatches.unload(module);
        assert.match(await livepatches.says(effect.script), effect.original);
      });

    it('leaves a running kernel that has nothing to complain of', () => livepatches.isSound(2 * kernel.effects.length));
  });

// With bookworm's make, 4.3, the lines of makes that run side by side run into each other.
describe('what a configuration builds', () => {
  it('is the same list each time, whatever runs beside', async () => {
    const tree = await buildTreeOf('debian:bookworm/cloud-amd64@6.1');
    const walk = async () => {
      const room = await mkdtemp(join(tmpdir(), 'lpl-walk-'));
      const list = await operate((ctx) => ensureConfiguredObjects(ctx, room, { ...tree, release: 'walk' }));
      const { objects } = await readConfiguredObjects(list);
      await rm(room, { recursive: true });
      return objects;
    };
    const { objects: known } = await readConfiguredObjects(tree.objects);
    assert.ok(known.size > 4000, `${known.size} objects`);
    for (const objects of await Promise.all([walk(), walk(), walk()])) assert.deepEqual(objects, known);
  });
});
