import assert from 'node:assert/strict';
import { judgePositions, judgeTraced } from '../../../../lab/src/build/whole-kernel/check-whole-module.ts';

const kallsyms = ['one', 'two', 'two'].map((name, index) => `ffffffff8100${index}000 t ${name}`).join('\n');

describe('symbols of a module that another tool built', () => {
  for (const [name, position, rules] of [
    ['one', 0, []],
    ['one', 1, []],
    ['two', 2, []],
    ['two', 0, ['NP14']],
    ['two', 3, ['NP14']],
    ['gone', 1, ['symbol-missing']],
  ] as const)
    it(`${name},${position}: ${rules[0] ?? 'right'}`, () => {
      const symbol = { object: 'vmlinux', name, position };
      assert.deepEqual(
        judgePositions([symbol], { kallsyms, file: 'fs/x.c' }).map(({ rule }) => rule),
        [...rules],
      );
    });

  it('of a module are not looked for in vmlinux', () =>
    assert.deepEqual(
      judgePositions([{ object: 'ext4', name: 'gone', position: 1 }], { kallsyms, file: 'fs/x.c' }),
      [],
    ));

  it('are those of functions that can be redirected: not of init code', () => {
    const replaced = ['one', 'some_init'].map((name) => ({ object: 'vmlinux', name, position: 0 }));
    const late = { object: 'ext4', name: 'not_loaded', position: 0 };
    const reasons = judgeTraced([...replaced, late], { patchable: 'one\ntwo\n', file: 'fs/x.c' });
    assert.deepEqual(
      reasons.map(({ rule, function: name }) => [rule, name]),
      [['NP02', 'some_init']],
    );
  });
});
