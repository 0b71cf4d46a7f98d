import assert from 'node:assert/strict';
import { readKtap } from '../../../../lab/src/trial/selftests/read-ktap.ts';
import { selftestChecks } from '../../../../lab/src/trial/selftests/selftest-checks.ts';
import { judgeEvidence } from '../../../../lab/src/trial/verdict.ts';
import { goodEvidence } from '../../../support/evidence.ts';

/** As the kernel's runner prints it. */
const good = `TAP version 13
1..2
# timeout set to 0
# selftests: livepatch: test-livepatch.sh
# TEST: basic function patching ... ok
# TEST: multiple livepatches ... ok
ok 1 selftests: livepatch: test-livepatch.sh
# timeout set to 0
# selftests: livepatch: test-sysfs.sh
# TEST: sysfs test ... ok
ok 2 selftests: livepatch: test-sysfs.sh
`;

const failing = good
  .replace(
    '# TEST: multiple livepatches ... ok',
    '# TEST: multiple livepatches ... not ok\n#\n# --- expected\n# +++ result\n# ERROR: livepatch kselftest(s) failed',
  )
  .replace('ok 1 selftests: livepatch: test-livepatch.sh', 'not ok 1 selftests: livepatch: test-livepatch.sh # exit=1');

const skipping = good
  .replace('# TEST: sysfs test ... ok', '# SKIP: test requires CONFIG_SYSFS')
  .replace('test-sysfs.sh\n', 'test-sysfs.sh # SKIP\n')
  .replace(/(ok 2 .*)\n/, '$1 # SKIP\n');

/** What is not well, "title: figure". */
const troubles = (output: string | undefined, wanted: boolean | undefined) =>
  selftestChecks({ ...goodEvidence(), selftests: { tests: [], ...(output === undefined ? {} : { output }) } }).flatMap(
    ({ ok, title, figure }) => (ok === wanted ? [`${title}: ${figure}`] : []),
  );

describe('selftestChecks', () => {
  it('makes a check of every case, and none when no selftests are wanted', () => {
    assert.deepEqual(troubles(good, true), [
      'livepatch selftests: ran to the end: 2 planned and run',
      'livepatch selftest test-livepatch.sh: basic function patching: ok',
      'livepatch selftest test-livepatch.sh: multiple livepatches: ok',
      'livepatch selftest test-sysfs.sh: sysfs test: ok',
    ]);
    assert.deepEqual(selftestChecks(goodEvidence()), []);
  });

  it('names the case that fails', () => {
    assert.deepEqual(troubles(failing, false), [
      'livepatch selftest test-livepatch.sh: multiple livepatches: not ok',
      'livepatch selftest test-livepatch.sh: not ok, exit=1',
    ]);
    assert.equal(judgeEvidence({ ...goodEvidence(), selftests: { tests: [], output: failing } }).verdict, 'fail');
  });

  it('names the test that is skipped, which is no pass', () => {
    assert.match(troubles(skipping, undefined).join('\n'), /test-sysfs\.sh: skip, .*SKIP: test requires CONFIG_SYSFS/);
    assert.equal(
      judgeEvidence({ ...goodEvidence(), selftests: { tests: [], output: skipping } }).verdict,
      'inconclusive',
    );
  });

  const unknowns: [what: string, output: string | undefined, said: RegExp][] = [
    ['was never run', undefined, /never run/],
    ['says nothing', '', /does not begin with the version; it has no plan/],
    ['prints no plan', good.replace('1..2\n', ''), /it has no plan/],
    ['plans nothing', 'TAP version 13\n1..0\n', /nothing was planned/],
    [
      'ends early',
      good.split('# timeout set to 0\n# selftests: livepatch: test-sysfs.sh')[0],
      /2 tests were planned, 1 came/,
    ],
    ['loses count', good.replace('ok 2 ', 'ok 3 '), /number 3 came as the 2th/],
    ['could not be started', 'bash: ../kselftest/runner.sh: No such file', /it has no plan/],
    [
      'breaks off in a case',
      good.replace('sysfs test ... ok', 'sysfs test ... '),
      /sysfs test: did not tell how it ended/,
    ],
  ];
  for (const [what, output, said] of unknowns)
    it(`is never content with a suite that ${what}`, () => {
      assert.match(troubles(output, undefined).join('\n'), said);
      const selftests = { tests: [], ...(output === undefined ? {} : { output }) };
      assert.equal(judgeEvidence({ ...goodEvidence(), selftests }).verdict, 'inconclusive');
    });
});

describe('readKtap', () => {
  it('reads nested reports and results that stand on the next line', () => {
    const text = `KTAP version 1
1..2
  1..2
  ok 1 first
  ok 2 - second # SKIP not here
ok 1 nested
# TEST: slow one ...
# some words
# ok
ok 2 - late # time 3
`;
    const { tests, faults } = readKtap(text);
    assert.deepEqual(faults, []);
    assert.deepEqual(
      tests.map(({ name, why, cases }) => [name, why, cases.map((one) => [one.name, one.outcome])]),
      [
        [
          'nested',
          '',
          [
            ['first', 'ok'],
            ['second', 'skip'],
          ],
        ],
        ['late', 'time 3', [['slow one', 'ok']]],
      ],
    );
  });
});
