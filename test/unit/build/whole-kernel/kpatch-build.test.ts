import assert from 'node:assert/strict';
import { kpatchBuild } from '../../../../lab/src/build/whole-kernel/kpatch-build.ts';

const place = { file: 'fs/x.c', line: 7, lineOf: () => undefined };
const given = { moduleName: 'livepatch_x', replace: true, jobs: 2, source: '/k', isOriginalBuilt: false };

describe('kpatch-build', () => {
  const objection = (...options: string[]) =>
    kpatchBuild.objection({ release: '6.12.1', config: new Map(options.map((name) => [name, 'y'])) });

  it('compares with the kernel that runs, and writes where it may', () => {
    const { argv, env } = kpatchBuild.command(given);
    assert.deepEqual(argv, [
      ...['kpatch-build', '--sourcedir', '/k', '--vmlinux', '/lpl/build/vmlinux', '--name', 'livepatch_x'],
      ...['--output', '/lpl/out', '--jobs', '2', '/lpl/out/livepatch_x.patch'],
    ]);
    assert.deepEqual(env, { CACHEDIR: '/lpl/view/tool' });
    assert.ok(kpatchBuild.command({ ...given, replace: false }).argv.includes('--non-replace'));
  });

  it('knows which trees it is for', () => {
    assert.equal(objection('DEBUG_INFO'), undefined);
    assert.equal(objection('DEBUG_INFO', 'X86_KERNEL_IBT'), 'kpatch-build refuses CONFIG_X86_KERNEL_IBT');
    assert.equal(objection(), 'kpatch-build wants CONFIG_DEBUG_INFO');
    assert.match(String(objection('DEBUG_INFO', 'KLP_BUILD')), /before 6\.19/);
  });

  it('tells its steps', () => {
    assert.equal(kpatchBuild.step('Building patched source')?.id, 'patched');
    assert.equal(kpatchBuild.step('Building patch module: livepatch_x.ko')?.id, 'link');
    assert.equal(kpatchBuild.step('SUCCESS'), undefined);
  });

  // Texts of kpatch-build 0.9.10.
  for (const [text, rule, file] of [
    ['ERROR: x.patch: unsupported patch to lib/: lib/string.c.', 'NP01', 'lib/string.c'],
    ['ERROR: no changed objects found. Check /lpl/view/tool/build.log for more details.', 'no-change', 'fs/x.c'],
    ['ERROR: no functional changes found. Check /lpl/view/tool/build.log for more details.', 'no-change', 'fs/x.c'],
    ['x.o: data section .data.table selected for inclusion\nERROR: 1 error(s) encountered.', 'DA02', 'fs/x.c'],
    [
      'ERROR: Undefined symbols: nowhere . Check /lpl/view/tool/build.log for more details.',
      'symbol-missing',
      undefined,
    ],
  ] as const)
    it(`${rule}: ${text.split('\n').at(-1)?.slice(7, 40)}`, () => {
      const found = kpatchBuild.refusal(`Building patched source\n${text}\n`, place)?.reasons[0];
      assert.deepEqual([found?.rule, found?.file], [rule, file]);
    });

  it('does not call a tree that fails to build the fault of the patch', () => {
    const text = 'ERROR: kpatch build failed. Check /lpl/view/tool/build.log for more details.\n';
    assert.equal(kpatchBuild.refusal(text, place), undefined);
  });
});
