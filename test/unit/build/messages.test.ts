import assert from 'node:assert/strict';
import { readCompilerMessages } from '../../../lab/src/build/compile/compiler-messages.ts';
import { readDiffMessages, reasonsOfFailure } from '../../../lab/src/build/differ/diff-messages.ts';
import { fixtureText } from './unit-fixtures.ts';

const place = {
  file: 'fs/x.c',
  line: 7,
  function: 'around',
  lineOf: (name: string) => (name.startsWith('ktime') ? 388 : undefined),
};
const read = (name: string) => readDiffMessages(fixtureText(`logs/${name}.log`), place);
const say = (text: string) => readDiffMessages(text, place).reasons.map(({ rule, message }) => [rule, message]);

describe('messages of create-diff-object', () => {
  it('tells changed from new functions', () => {
    const { changed, added, reasons } = read('binfmt-misc');
    assert.deepEqual([changed, added, reasons], [['load_misc_binary', 'bm_evict_inode'], ['put_binfmt_handler'], []]);
  });

  for (const [log, rule, line, subject] of [
    ['data-FAIL', 'DA02', 7, 'around'],
    ['init-code-FAIL', 'NP05', 7, 'around'],
    ['static-local-FAIL', 'DA04', 7, 'around'],
    ['notrace-FAIL', 'NP02', 388, 'ktime_get_mono_fast_ns'],
  ] as const)
    it(`${log}: ${rule}`, () => {
      const { reasons } = read(log);
      assert.deepEqual(
        reasons.map((each) => [each.rule, each.line, each.function]),
        [[rule, line, subject]],
      );
    });

  // Texts of kpatch 0.9.10 that are hard to provoke; from create-diff-object.c.
  for (const [text, rule] of [
    [
      'x.o: Found a jump label at f()+0x10, using key k, which is defined in a module.  Use static_key_enabled() instead.',
      'CO01',
    ],
    [
      'x.o: Found a static call at f()+0x10, using key k, which is defined in a module.  Use KPATCH_STATIC_CALL() instead.',
      'CO02',
    ],
    ['x.o: changed section __ksymtab_strings not selected for inclusion', 'CO09'],
    ['x.o: data section .data.table selected for inclusion', 'DA02'],
  ] as const)
    it(`${rule}: ${text.slice(5, 40)}`, () => assert.equal(say(text)[0]?.[0], rule));

  it('NP05 stands at the init code, wherever else the patch begins', () => {
    const init = { file: 'fs/x.c', line: 90, function: 'x_init' };
    const { reasons } = readDiffMessages(fixtureText('logs/init-code-FAIL.log'), { ...place, init });
    assert.deepEqual([reasons[0]?.line, reasons[0]?.function], [90, 'x_init']);
  });

  it('tells data that moves, such as a mutex that gets an initial value, from a function that does', () => {
    const moves = (name: string) => `ERROR: x.o: kpatch_check: 1: symbol changed sections: ${name}\n`;
    const rules = ['lock', 'ktime_get'].map((name) => reasonsOfFailure(moves(name), place)[0]?.rule);
    assert.deepEqual(rules, ['DA02', 'kpatch']);
  });

  const failure = (text: string) =>
    reasonsOfFailure(text, place).map(({ rule, line, message }) => [rule, line, message]);
  const says = 'fs/x.c: create-diff-object says: ';

  it('quotes what no rule knows, at the place of the change', () => {
    const log = fixtureText('logs/section-FAIL.log').replaceAll('version_proc_show', 'ktime_get');
    assert.deepEqual(say(log), []);
    assert.deepEqual(failure(log), [['kpatch', 7, `${says}symbol changed sections: ktime_get`]]);
    const open = 'ERROR: x.o: kpatch_elf_open: 12: elf_begin\n';
    assert.deepEqual(failure(open), [['kpatch', 7, `${says}elf_begin`]]);
    assert.deepEqual(failure('Segmentation fault\n'), [['kpatch', 7, `${says}Segmentation fault`]]);
  });

  it('prefers a rule that knows to a quotation', () =>
    assert.deepEqual(
      failure(fixtureText('logs/data-FAIL.log')).map(([rule]) => rule),
      ['DA02'],
    ));
});

describe('messages of gcc', () => {
  const stderr = `/source/fs/x.c: In function 'put_handler':
/source/fs/x.c:166:27: error: expected ';' before '}' token
  166 |                 kfree(e)
      |                         ^
/source/fs/x.c:170:5: warning: unused variable 'y' [-Wunused-variable]
/source/fs/x.c: At top level:
/source/fs/x.c:180:1: error: unknown type name 'foo'
/source/fs/x.c:2:10: fatal error: linux/none.h: No such file or directory
`;

  it('gives file, line, text and function of each', () => {
    assert.deepEqual(
      readCompilerMessages(stderr).map(({ line, severity, text, function: name }) => [line, severity, text, name]),
      [
        [166, 'error', "expected ';' before '}' token", 'put_handler'],
        [170, 'warning', "unused variable 'y'", 'put_handler'],
        [180, 'error', "unknown type name 'foo'", undefined],
        [2, 'error', 'linux/none.h: No such file or directory', undefined],
      ],
    );
  });
});
