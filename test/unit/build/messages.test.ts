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

  const failure = (text: string) =>
    reasonsOfFailure(text, place).map(({ rule, line, message }) => [rule, line, message]);
  const says = 'fs/x.c: create-diff-object says: ';

  it('quotes what no rule knows, at the place of the change', () => {
    const log = fixtureText('logs/section-FAIL.log');
    assert.deepEqual(say(log), []);
    assert.deepEqual(failure(log), [['kpatch', 7, `${says}symbol changed sections: version_proc_show`]]);
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
