import assert from 'node:assert/strict';
import { moduleOf, parseCmdFile, recompile } from '../../../lab/src/build/compile/kbuild-command.ts';
import { fixtureText } from './unit-fixtures.ts';

describe('kbuild command', () => {
  const builtIn = parseCmdFile(fixtureText('namei.o.cmd'));
  const modular = parseCmdFile(fixtureText('binfmt_misc.o.cmd'));

  it('is the compiler call alone, quotes removed', () => {
    assert.equal(modular.argv[0], 'gcc');
    assert.equal(modular.argv.at(-1), '/source/fs/binfmt_misc.c');
    assert.ok(modular.argv.includes('-DKBUILD_MODNAME="binfmt_misc"'));
    assert.ok(!modular.argv.some((word) => word.includes('objtool')));
  });

  it('keeps the versions of exports', () => {
    assert.equal(builtIn.symvers.length, 49);
    assert.ok(builtIn.symvers.includes('page_symlink 0xe0b0ee27'));
    assert.equal(modular.symvers.length, 0);
  });

  it('tells module code from built-in code', () => {
    assert.equal(moduleOf(modular), 'binfmt_misc');
    assert.equal(moduleOf(builtIn), undefined);
    assert.equal(moduleOf({ argv: ['-DMODULE', '-DKBUILD_MODNAME="snd-hda"'], symvers: [] }), 'snd_hda');
  });

  it('compiles again with other output, without debug information and dependency file', () => {
    const argv = recompile(modular, { output: '/out/x.o', flags: ['-ffunction-sections'] });
    assert.deepEqual(argv.slice(-4), ['-ffunction-sections', '-o', '/out/x.o', '/source/fs/binfmt_misc.c']);
    assert.ok(!argv.includes('-g') && !argv.some((word) => word.startsWith('-Wp,-MMD')));
    assert.ok(argv.includes('-O2') && argv.includes('-mfentry'));
  });

  it('refuses a record without a command', () => {
    assert.throws(() => parseCmdFile('deps_x.o := x.c\n'), { code: 'bug' });
  });
});
