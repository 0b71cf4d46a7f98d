import assert from 'node:assert/strict';
import { judgeReplaced } from '../../../../lab/src/build/module/check-replaced.ts';
import { livepatchTemplate } from '../../../../lab/src/build/module/livepatch-template.ts';

describe('judgeReplaced', () => {
  const facts = {
    counts: new Map([
      ['one', 1],
      ['two', 2],
      ['untraced', 1],
      ['__do_sys_x', 1],
    ]),
    traced: new Set(['one', 'two']),
  };
  const judge = (name: string, position: number) =>
    judgeReplaced({ file: 'fix.c', line: 7 }, { object: 'vmlinux', name, position }, facts).map(({ rule, line }) => [
      rule,
      line,
    ]);

  for (const [name, position, rules] of [
    ['one', 0, []],
    ['one', 1, []],
    ['two', 2, []],
    ['one', 2, [['sympos', 7]]],
    ['two', 0, [['sympos', 7]]],
    ['two', 3, [['sympos', 7]]],
    ['none', 0, [['symbol-missing', 7]]],
    ['untraced', 0, [['NP02', 7]]],
    ['__do_sys_x', 0, [['NP04', 7]]],
  ] as const)
    it(`${name} at position ${position}: ${rules[0]?.[0] ?? 'fits'}`, () =>
      assert.deepEqual(judge(name, position), rules));
});

describe('livepatchTemplate', () => {
  const head = 'static ssize_t\nstate_read(struct file *file, char __user *buf)';
  const read = {
    name: 'state_read',
    head,
    body: '\treturn old(file);',
    includes: ['#include <linux/fs.h>'],
    object: 'gadget',
  };
  const plain = { callbacks: false, shadow: false };

  it('is the sample of the kernel when nothing is asked for', () => {
    const text = livepatchTemplate({ ...plain, functions: [] });
    assert.match(text, /\.old_name = "cmdline_proc_show", \.new_func = livepatch_cmdline_proc_show/);
    assert.match(text, /MODULE_INFO\(livepatch, "Y"\);\n$/);
    assert.doesNotMatch(text, /callbacks|shadow/);
  });

  it('takes over the head of each function, and its body to go on from', () => {
    const text = livepatchTemplate({
      ...plain,
      functions: [read, { ...read, name: 'other', head: 'void other(void)', object: 'vmlinux' }],
    });
    assert.match(text, /^static ssize_t\nlivepatch_state_read\(struct file \*file, char __user \*buf\)\n\{\n#if 0/m);
    assert.match(text, /\treturn old\(file\);\n#endif\n\treturn 0;\n\}/);
    assert.match(text, /^static void livepatch_other\(void\)\n\{[^}]*\treturn;\n\}/m);
    assert.match(text, /\.name = "gadget",\n\t\t\.funcs = gadget_funcs/);
    assert.equal(text.match(/#include <linux\/fs.h>/g)?.length, 1);
  });

  it('frees its shadow variables, and has callbacks in pairs', () => {
    const text = livepatchTemplate({ callbacks: true, shadow: true, functions: [] });
    for (const name of ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'])
      assert.match(text, new RegExp(`\\.callbacks\\.${name} = ${name},`));
    assert.match(text, /klp_shadow_free_all\(SHADOW_READS, NULL\);/);
    assert.match(livepatchTemplate({ callbacks: false, shadow: true, functions: [] }), /\.callbacks\.post_unpatch/);
  });
});
