import assert from 'node:assert/strict';
import { klpBuild } from '../../../../lab/src/build/whole-kernel/klp-build.ts';

const place = { file: 'fs/x.c', line: 7, lineOf: () => undefined };
const given = { moduleName: 'livepatch_x', replace: true, jobs: 2, source: '/k', isOriginalBuilt: false };

describe('klp-build', () => {
  const objection = (release: string, ...options: string[]) =>
    klpBuild.objection({ release, config: new Map(options.map((name) => [name, 'y'])) });

  it('is run in the tree, and again without its first half', () => {
    const { argv } = klpBuild.command(given);
    assert.deepEqual(argv, [
      ...['scripts/livepatch/klp-build', '--keep-tmp', '--jobs', '2'],
      ...['--output', '/lpl/out/livepatch_x.ko', '/lpl/out/livepatch_x.patch'],
    ]);
    assert.ok(klpBuild.command({ ...given, isOriginalBuilt: true }).argv.includes('--short-circuit=patched'));
    assert.ok(klpBuild.command({ ...given, replace: false }).argv.includes('--no-replace'));
  });

  it('knows which trees it is for', () => {
    assert.equal(objection('7.2.12', 'KLP_BUILD'), undefined);
    assert.equal(objection('6.18.1', 'LIVEPATCH'), 'klp-build came with Linux 6.19');
    assert.equal(objection('6.19.0-rc1', 'LIVEPATCH'), 'klp-build wants CONFIG_KLP_BUILD');
    assert.match(String(objection('7.2.0', 'KLP_BUILD', 'GCC_PLUGIN_RANDSTRUCT')), /does not support/);
  });

  it('tells its steps', () => {
    assert.equal(klpBuild.step('Building original kernel')?.id, 'original');
    assert.equal(klpBuild.step('Building patch module: livepatch_x.ko')?.id, 'link');
    assert.equal(klpBuild.step('fs/x.c: In function'), undefined);
  });

  // Texts of scripts/livepatch/klp-build and tools/objtool/klp-diff.c of 7.2.
  for (const [text, rule] of [
    ['error: klp-build: /lpl/out/x.patch: unsupported patch to lib/string.c', 'NP01'],
    ['error: klp-build: no changes detected', 'no-change'],
    [
      'error: objtool [klp-diff.c:1]: vmlinux.o: changed data: table\nerror: klp-build: objtool klp diff failed',
      'DA02',
    ],
  ] as const)
    it(`${rule}: ${text.split('\n').at(-1)?.slice(18)}`, () =>
      assert.equal(klpBuild.refusal(`Diffing objects\n${text}\n`, place)?.reasons[0]?.rule, rule));

  it('does not call a tree that fails to build the fault of the patch', () => {
    assert.equal(klpBuild.refusal('error: klp-build: original kernel build failed\n', place), undefined);
  });
});
