// Every rule of the text tier, tripped and not tripped by edits of one realistic driver.

import assert from 'node:assert/strict';
import { lintText } from '../../../../lab/src/build/lint/lint-patch.ts';
import { rule, type RuleId } from '../../../../lab/src/build/rules.ts';
import { driver, type Edit, edited, patchOf } from './kernel-code.ts';

const rulesOf = (edit: Edit) => lintText(patchOf(edited(edit))).findings.map((found) => found.rule);

/** Behind the name of the function that is to be found. */
const trips: readonly (readonly [RuleId, string, Edit, subject?: string])[] = [
  ['NP02', 'a notrace function', [['return local_clock();', 'return sched_clock();']], 'gadget_clock'],
  ['NP05', 'init code', [['return misc_register(&gadget_misc);', 'return gadget_setup();']], 'gadget_init'],
  ['NP08', 'an export that goes', [['EXPORT_SYMBOL_GPL(gadget_users);\n', '']]],
  ['NP09', 'a new export', [['module_init(', 'EXPORT_SYMBOL(gadget_kick);\nmodule_init(']]],
  ['DA01', 'a new member', [['\tu8 mode;\n', '\tu8 mode;\n\tu8 flags;\n']]],
  ['DA01', 'a wider member', [['\tu8 mode;', '\tu16 mode;']]],
  ['DA11', 'an entry of a constant table', [['"off",', '"none",']]],
  ['DA02', 'an operation', [['= gadget_release,', '= gadget_close,']]],
  ['DA07', 'the default of a module parameter', [['limit = 16', 'limit = 32']]],
  ['DA07', 'the default of a sysctl', [['= 5;', '= 9;']]],
  ['DA04', 'a static local variable of another name', [['static int settled;', 'static int calm;']], 'gadget_settle'],
  ['DA04', 'a static local variable that begins otherwise', [['int settled;', 'int settled = 1;']], 'gadget_settle'],
  [
    'DA06',
    'a shadow variable nobody frees',
    [['\tg->users++;', '\tklp_shadow_alloc(g, 1, 8, GFP_KERNEL, NULL, NULL);']],
  ],
  [
    'CO07',
    'a function that others call',
    [['void gadget_kick(struct gadget *g)\n{\n\twake_up(&g->queue);\n}\n', '']],
    'gadget_kick',
  ],
  [
    'CO07',
    'a function that objects point to',
    [
      [
        'static int gadget_release(struct inode *inode, struct file *file)\n{\n\tstruct gadget *g = inode->i_private;\n\n\tg->users--;\n\treturn 0;\n}\n',
        '',
      ],
      ['\t.release	= gadget_release,\n', ''],
    ],
    'gadget_release',
  ],
  ['CO10', 'a large array', [['char name[16];', 'char name[PATH_MAX];']], 'gadget_open'],
  ['CO10', 'a large array of words', [['char name[16];', 'u64 name[128];']], 'gadget_open'],
  ['TR01', 'a lock in place of another', [['mutex_lock(&g->lock);', 'mutex_lock(&gadget_mutex);']], 'gadget_open'],
  ['TR01', 'a lock that is no longer taken', [['\tmutex_lock(&g->lock);\n', '']], 'gadget_open'],
  [
    'TR01',
    'a lock taken in one function and given back in another',
    [
      ['\tint err;\n\n', '\tint err;\n\n\tmutex_lock(&g->lock);\n'],
      ['\tg->users--;', '\tg->users--;\n\tmutex_unlock(&g->lock);'],
    ],
    'gadget_read',
  ],
  ['TR03', 'a function that waits for user space', [['if (err)\n', 'if (err < 0)\n']], 'gadget_read'],
  ['TR04', 'the loop of a kernel thread', [['gadget_poll(data);', 'gadget_poll(data, 1);']], 'gadget_thread'],
  [
    'LC01',
    'a callback without its counterpart',
    [['module_init(', 'KPATCH_PRE_PATCH_CALLBACK(fix_up);\nmodule_init(']],
  ],
  ['LC01', 'the same by its upstream name', [['module_init(', 'KLP_POST_PATCH_CALLBACK(fix_up);\nmodule_init(']]],
  ['LC03', 'a callback at all', [['module_init(', 'KLP_PRE_UNPATCH_CALLBACK(fix_up);\nmodule_init(']]],
];

const passes: readonly (readonly [RuleId, string, Edit])[] = [
  ['NP02', 'an inline function, which is part of its callers', [['== GADGET_ON;', '!= GADGET_OFF;']]],
  ['NP05', 'a new function after init code', [['module_init(', 'static void x(void)\n{\n\treturn;\n}\nmodule_init(']]],
  [
    'NP08',
    'an export that only moves',
    [
      ['EXPORT_SYMBOL_GPL(gadget_users);\n', ''],
      ['module_init(', 'EXPORT_SYMBOL_GPL(gadget_users);\nmodule_init('],
    ],
  ],
  ['DA01', 'a comment', [['/* open files */', '/* files that are open */']]],
  ['DA01', 'a new struct', [['enum gadget_mode', 'struct extra {\n\tint more;\n};\n\nenum gadget_mode']]],
  ['DA02', 'a constant that the compiler folds', [['retries = 3', 'retries = 4']]],
  ['DA02', 'init data', [['boot_mode __initdata = 1', 'boot_mode __initdata = 2']]],
  ['DA02', 'a new table', [['/*\n * Called', 'static int more[] = {\n\t1,\n};\n\n/*\n * Called']]],
  ['DA02', 'white space', [['\t.owner\t\t= THIS', '\t.owner = THIS']]],
  ['DA07', 'a new variable', [['static const unsigned', 'static int other = 4;\nstatic const unsigned']]],
  ['DA04', 'a static local variable that goes', [['\tstatic int settled;\n', '']]],
  ['DA04', 'a constant table', [['{ 1, 2 }', '{ 1, 3 }']]],
  ['DA04', 'a new static local variable', [['\tstatic int settled;', '\tstatic int settled;\n\tstatic int calls;']]],
  [
    'DA06',
    'one that is freed',
    [['\tg->users--;', '\tklp_shadow_alloc(g, 1, 8, GFP_KERNEL, NULL, NULL);\n\tklp_shadow_free(g, 1, NULL);']],
  ],
  [
    'CO07',
    'a static function that is only called',
    [
      [
        'static void gadget_settle(struct gadget *g)\n{\n\tstatic int settled;\n\tstatic const int steps[] = { 1, 2 };\n\n\tsettled += steps[0];\n\tg->mode = GADGET_ON;\n}\n',
        '',
      ],
      ['\tgadget_settle(g);\n', ''],
    ],
  ],
  [
    'CO07',
    'another list of parameters',
    [['void gadget_kick(struct gadget *g)', 'void gadget_kick(struct gadget *g, int how)']],
  ],
  ['CO10', 'a small array', [['char name[16];', 'char name[64];']]],
  ['CO10', 'a static array', [['char name[16];', 'static char name[4096];']]],
  [
    'TR01',
    'one more way out',
    [['\tg->users++;', '\tif (!g->mode) {\n\t\tmutex_unlock(&g->lock);\n\t\treturn -ENODEV;\n\t}\n\tg->users++;']],
  ],
  ['TR01', 'another flavour of the same lock', [['mutex_lock(&g->lock);', 'mutex_lock_nested(&g->lock, 1);']]],
  ['TR01', 'a guard of the same lock', [['\tmutex_lock(&g->lock);\n', '\tguard(mutex)(&g->lock);\n']]],
  [
    'TR01',
    'a lock for code that had none',
    [['\tg->users--;', '\tmutex_lock(&g->lock);\n\tg->users--;\n\tmutex_unlock(&g->lock);']],
  ],
  ['TR03', 'a function that does not wait', [['g->users++;', 'g->users += 1;']]],
  ['TR04', 'a loop of something else', [['g->users++;', 'while (g->users < 1)\n\t\tg->users++;']]],
  ['TR05', 'a driver', [['g->users++;', 'g->users += 1;']]],
  [
    'LC01',
    'callbacks in pairs',
    [['module_init(', 'KPATCH_PRE_PATCH_CALLBACK(a);\nKPATCH_POST_UNPATCH_CALLBACK(b);\nmodule_init(']],
  ],
  ['LC03', 'no callback', [['g->users++;', 'g->users += 1;']]],
];

describe('lint of a patch alone', () => {
  for (const [id, what, edit, subject] of trips)
    it(`${id}: ${what}`, () => {
      const found = lintText(patchOf(edited(edit))).findings.find((each) => each.rule === id);
      assert.ok(found, `finds ${rulesOf(edit).join(', ') || 'nothing'}`);
      assert.equal(found.function, subject);
      assert.equal(rule(id).tier, 'text');
      assert.doesNotMatch(found.message, /unknown/);
    });

  for (const [id, what, edit] of passes)
    it(`not ${id}: ${what}`, () => assert.ok(!rulesOf(edit).includes(id), rulesOf(edit).join(', ')));

  it('finds nothing in a fix of an ordinary function', () => {
    const { verdict, findings, functions } = lintText(patchOf(edited([['g->users >= limit', 'g->users > limit']])));
    assert.deepEqual([verdict, findings], ['clean', []]);
    assert.deepEqual(functions, [{ file: 'drivers/misc/gadget.c', name: 'gadget_open', change: 'changed' }]);
  });

  it('knows the function around a short hunk from its heading', () => {
    const patch = patchOf(edited([['return local_clock();', 'return sched_clock();']]), { context: 0 });
    assert.deepEqual(lintText(patch).findings, [], 'without a heading it does not guess');
    const headed = patch.replace(/^(@@ .* @@)$/m, '$1 static notrace u64 gadget_clock(void)');
    assert.equal(lintText(headed).findings[0]?.rule, 'NP02');
  });

  it('does not take a table for a struct when diff cut its heading short', () => {
    const patch = patchOf(edited([['= gadget_release,', '= gadget_close,']]), { context: 0 });
    const headed = patch.replace(/^(@@ .* @@)$/m, '$1 static const struct file_operations');
    assert.deepEqual(lintText(headed).findings, []);
    const member = patchOf(edited([['\tu8 mode;', '\tu16 mode;']]), { context: 0 });
    const struct = member.replace(/^(@@ .* @@)$/m, '$1 struct gadget {');
    assert.deepEqual(
      lintText(struct).findings.map((each) => each.rule),
      ['DA01'],
    );
  });

  it('names a lock by its whole expression', () => {
    const patch = patchOf(edited([['mutex_lock(&g->lock);', 'mutex_lock(&GADGET(g, 1)->lock);']]));
    assert.match(lintText(patch).findings[0]?.message ?? '', /takes g->lock but GADGET\(g, 1\)->lock;/);
  });

  it('names the line in the patched file, errors first', () => {
    const edit: Edit = [
      ['char name[16];', 'char name[PATH_MAX];'],
      ['= gadget_release,', '= gadget_close,'],
    ];
    const lines = edited(edit).split('\n');
    assert.deepEqual(
      lintText(patchOf(edited(edit))).findings.map(({ rule: id, level, line }) => [id, level, lines[(line ?? 0) - 1]]),
      [
        ['DA02', 'error', '\t.release\t= gadget_close,'],
        ['CO10', 'warning', '\tchar name[PATH_MAX];'],
      ],
    );
  });

  it('says of a hot function that it is one', () => {
    const before = 'ssize_t vfs_read(struct file *file)\n{\n\treturn 0;\n}\n';
    const patch = patchOf(before.replace('0', '1'), { before, path: 'fs/read_write.c' });
    assert.deepEqual(
      lintText(patch)
        .findings.map((each) => each.rule)
        .sort(),
      ['TR03', 'TR05'],
    );
  });

  it('says of a large patch that it is one', () => {
    const one = (index: number) => `int f${index}(void)\n{\n\treturn 1;\n}\n`;
    const many = (count: number) => Array.from({ length: count }, (_, index) => one(index)).join('');
    const of = (count: number) =>
      lintText(patchOf(many(count).replaceAll('1;', '2;'), { before: many(count) })).findings.map((each) => each.rule);
    assert.deepEqual([of(25), of(26)], [[], ['LC09']]);
  });

  it('says what cannot be a livepatch by its path, and what is no patch', () => {
    const of = (patch: string) => lintText(patch).findings.map((each) => `${each.level} ${each.rule}`);
    assert.deepEqual(of(patchOf('x\n', { before: 'y\n', path: 'lib/string.c' })), ['error NP01']);
    assert.deepEqual(of('no patch'), ['error patch-empty']);
    assert.equal(lintText(patchOf(driver)).verdict, 'refused');
  });
});
