// The target tier on a small tree of its own: source, Makefiles, configuration, symbols.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lintForTarget } from '../../../../lab/src/build/lint/lint-patch.ts';
import { rule } from '../../../../lab/src/build/rules.ts';
import type { TargetKernel } from '../../../../lab/src/kernel/target.ts';
import { driver, driverPath, type Edit, edited, patchOf } from './kernel-code.ts';

const traced = ['gadget_open', 'gadget_release', 'gadget_kick', 'gadget_users'];
const all = [...traced, '__do_sys_gadget', 'gadget_read'];

describe('lint with a target', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'lpl-lint-'));
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    write('source/Kbuild', 'obj-y += drivers/\n');
    write('source/drivers/Makefile', 'obj-y += misc/\n');
    write('source/drivers/misc/Makefile', 'obj-$(CONFIG_GADGET) += gadget.o\nobj-$(CONFIG_OTHER) += other.o\n');
    write(`source/${driverPath}`, driver);
    write('source/drivers/misc/other.c', driver);
    for (const [name, config] of [
      ['built-in', 'CONFIG_GADGET=y\n'],
      ['klp', 'CONFIG_GADGET=y\nCONFIG_KLP_BUILD=y\n'],
      ['module', 'CONFIG_GADGET=m\n'],
    ])
      write(`${name}/.config`, config ?? '');
    write('kallsyms', all.map((name, at) => `ffffffff810${at}0000 t ${name}\n`).join(''));
    write('patchable', traced.join('\n'));
  });
  after(() => rmSync(root, { recursive: true }));

  const lint = (edit: Edit, { config = 'built-in', path = driverPath } = {}) =>
    lintForTarget(patchOf(edited(edit), { context: 3, path }), {
      source: join(root, 'source'),
      buildTree: join(root, config),
      release: '6.12.0-test',
      facts: { kallsyms: join(root, 'kallsyms'), patchableFunctions: join(root, 'patchable') },
    } as TargetKernel);
  const rulesOf = async (...given: Parameters<typeof lint>) => (await lint(...given)).findings.map((each) => each.rule);

  const ordinary: Edit = [['\tg->users--;', '\tg->users -= 1;']];

  it('says which object a file is part of, and has nothing against an ordinary fix', async () => {
    const builtIn = await lint(ordinary);
    assert.deepEqual([builtIn.verdict, builtIn.units], ['clean', [{ file: driverPath, object: 'vmlinux' }]]);
    assert.deepEqual((await lint(ordinary, { config: 'module' })).units, [{ file: driverPath, object: 'gadget' }]);
  });

  it('refuses a file that the configuration does not build', async () => {
    assert.deepEqual(await rulesOf(ordinary, { path: 'drivers/misc/other.c' }), ['unit-not-built']);
    assert.equal(rule('unit-not-built').tier, 'target');
  });

  it('refuses a function without an ftrace entry, but not one that is no function of the kernel', async () => {
    const edit: Edit = [['return gadget_copy(', 'return -gadget_copy(']];
    assert.ok((await rulesOf(edit, { config: 'klp' })).includes('NP02'));
    assert.ok(!(await rulesOf(edit)).includes('NP02'), 'it is static: its callers are patched');
    assert.deepEqual(await rulesOf([['g->mode = GADGET_ON;', 'g->mode = GADGET_OFF;']]), []);
  });

  it('refuses the body of a system call with its cure, where its callers cannot be patched instead', async () => {
    const edit: Edit = [['\tif (flags)\n', '\tif (flags > 1)\n']];
    assert.deepEqual(await rulesOf(edit), []);
    const [found] = (await lint(edit, { config: 'klp' })).findings;
    assert.deepEqual([found?.rule, found?.function], ['NP04', '__do_sys_gadget']);
    assert.match(found?.hint ?? '', /KPATCH_SYSCALL_DEFINE/);
  });

  it('refuses another type of an exported function, not another name of its parameter', async () => {
    assert.deepEqual(await rulesOf([['gadget *g, bool strict)', 'gadget *g, int strict)']]), ['DA09']);
    assert.deepEqual(await rulesOf([['gadget *g, bool strict)', 'gadget *g, bool exact)']]), []);
  });

  it('tells of messages that a module loses, not of those that vmlinux keeps', async () => {
    const edit: Edit = [['\tg->users--;', '\tpr_debug("%u\\n", g->users--);']];
    assert.deepEqual(await rulesOf(edit, { config: 'module' }), ['CO03']);
    assert.deepEqual(await rulesOf(edit), []);
  });

  it('sees what lies outside the hunks', async () => {
    assert.deepEqual(await rulesOf([['"off",', '"none",']]), ['DA11']);
    assert.deepEqual(await rulesOf([['return misc_register(&gadget_misc);', 'return 0;']]), ['NP05']);
  });

  it('says where a patch does not fit', async () => {
    const patch = patchOf('a\nc\n', { before: 'a\nb\n' });
    const kernel = { source: join(root, 'source'), buildTree: join(root, 'module'), release: 'x' };
    const facts = { kallsyms: join(root, 'kallsyms'), patchableFunctions: join(root, 'patchable') };
    const { findings } = await lintForTarget(patch, { ...kernel, facts } as TargetKernel);
    assert.deepEqual(
      findings.map((each) => each.rule),
      ['patch-does-not-apply'],
    );
  });
});
