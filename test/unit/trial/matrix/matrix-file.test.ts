import assert from 'node:assert/strict';
import { isLabError } from '../../../../lab/src/core/error.ts';
import { parseMatrix } from '../../../../lab/src/trial/matrix/matrix-file.ts';
import { parseScenario } from '../../../../lab/src/trial/scenario.ts';
import { matrixText } from '../../../support/matrix.ts';

describe('parseMatrix', () => {
  const { cells } = parseMatrix(matrixText, '/s/x.matrix.yaml');

  it('makes a cell of every kernel, patch and workload, kernel by kernel', () => {
    assert.deepEqual(
      cells.map(({ id }) => id),
      [
        'new--fix--quiet',
        'new--fix--busy',
        'new--guard--quiet',
        'new--guard--busy',
        'old--fix--quiet',
        'old--fix--busy',
        'old--guard--quiet',
        'old--guard--busy',
      ],
    );
  });

  it('lays the workload over the kernel over what all have in common', () => {
    const [quiet, busy] = [cells[0], cells.at(-1)].map((cell) => cell?.scenario);
    assert.deepEqual([quiet?.cpus, quiet?.memoryMiB, quiet?.soakMs, quiet?.baselineMs], [1, 512, 2000, 700]);
    assert.deepEqual([busy?.cpus, busy?.memoryMiB, busy?.soakMs, busy?.baselineMs], [2, 300, 100, 700]);
    assert.equal(quiet?.control, 'none');
  });

  it("tells each cell's scenario as a file that lpl trial runs", () => {
    for (const { text, scenario } of cells) assert.deepEqual(parseScenario(text, '/s/x.matrix.yaml'), scenario);
  });

  it('expects a pass but where it is told otherwise', () => {
    const told = cells.filter(({ expected }) => expected.verdict !== 'pass');
    assert.deepEqual(
      told.map(({ id, expected }) => [id, expected]),
      ['old--guard--quiet', 'old--guard--busy'].map((id) => [id, { verdict: 'refused', because: 'NP02' }]),
    );
  });

  const bad: [what: string, from: string, to: string, message: RegExp][] = [
    ['an unknown key of a workload', 'cpus: 1', 'cpu: 1', /:13: workloads\.0: .*"cpu"/],
    ['a number out of range', 'soakMs: 100', 'soakMs: -1', /:14: workloads\.1\.soakMs: /],
    ['a path that leads out', 'file: fix.patch', 'file: ../fix.patch', /:7: \.\.\/fix\.patch leads out/],
    ['an unknown key of a patch', 'reproducer:', 'repro:', /:9: patches\.0: .*"repro"/],
    ['two workloads of one name', 'name: busy', 'name: quiet', /:14: two workloads are called quiet/],
    ['an unknown key for all', 'baselineMs: 700', 'baseline: 1', /:15: scenario: /],
    ['an expectation that is none', 'refused: NP02', 'verdict: refused', /:17: expect\.0: which cells/],
    ['an expectation of nothing', 'patch: guard,', 'patch: gaurd,', /:17: expect: there is no gaurd among the patches/],
    ['what comes before an own build tree', 'debian:trixie/cloud-amd64, back', 'tree:/x, back', /:5: .*build tree/],
    ['a name that is a path', 'name: old', 'name: ../old', /:5: kernels\.1/],
    [
      'a matrix without workloads',
      '  - { name: quiet, cpus: 1 }\n  - { name: busy, soakMs: 100 }',
      '  []',
      /workloads/,
    ],
  ];
  for (const [what, from, to, message] of bad) {
    it(`refuses ${what} with file and line`, () => {
      assert.ok(matrixText.includes(from));
      assert.throws(
        () => parseMatrix(matrixText.replace(from, to), '/s/x.matrix.yaml'),
        (error) => isLabError(error, 'matrix.invalid') && message.test(error.message),
      );
    });
  }
});
