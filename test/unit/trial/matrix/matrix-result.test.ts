import assert from 'node:assert/strict';
import { isExpected } from '../../../../lab/src/trial/expectation.ts';
import { shardOf } from '../../../../lab/src/trial/matrix/matrix-directory.ts';
import { judgeCells } from '../../../../lab/src/trial/matrix/matrix-result.ts';
import { outcome } from '../../../support/matrix.ts';

describe('what a matrix says', () => {
  const good = { verdict: 'pass', asExpected: true } as const;
  const judge = (verdict: 'pass' | 'fail' | 'refused' | 'inconclusive' | 'not-affected', asExpected: boolean) =>
    judgeCells([good, { verdict, asExpected }]);

  it('is a pass only when every cell came out as expected', () => {
    assert.equal(judge('pass', true), 'pass');
    assert.equal(judge('refused', true), 'pass');
    assert.equal(judge('not-affected', true), 'pass');
    assert.equal(judge('fail', false), 'fail');
    assert.equal(judge('refused', false), 'refused');
    assert.equal(judge('inconclusive', false), 'inconclusive');
  });

  it('is a fail when a cell passed that was to fail', () => assert.equal(judge('pass', false), 'fail'));

  it('names the gravest: a known surprise before one that is not known', () => {
    const cells = (['inconclusive', 'refused', 'fail'] as const).map((verdict) => ({ verdict, asExpected: false }));
    assert.equal(judgeCells(cells), 'fail');
    assert.equal(judgeCells(cells.slice(0, 2)), 'refused');
  });

  it('is never a pass when nothing was asked', () => {
    assert.equal(judgeCells([{ verdict: 'not-affected', asExpected: true }]), 'inconclusive');
    assert.equal(judgeCells([]), 'inconclusive');
  });
});

describe('isExpected', () => {
  it('wants the reason as well, when one is given', () => {
    const expected = { verdict: 'refused', because: 'NP02' } as const;
    assert.equal(isExpected(expected, outcome('refused', 'DA04: x', 'NP02: y')), true);
    assert.equal(isExpected(expected, outcome('refused', 'DA04: x')), false);
    assert.equal(isExpected(expected, outcome('pass', 'NP02: y')), false);
  });

  it('is never true of what could not be found out', () =>
    assert.equal(isExpected({ verdict: 'pass' }, outcome('inconclusive')), false));
});

describe('shardOf', () => {
  it('gives every cell to exactly one shard, whatever the count', () => {
    const cells = Array.from({ length: 13 }, (_, index) => index);
    for (let count = 1; count <= 15; count++) {
      const shards = Array.from({ length: count }, (_, index) => shardOf(cells, { index: index + 1, count }));
      assert.deepEqual(shards.flat(), cells);
      const sizes = shards.map(({ length }) => length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `${count} shards of like size`);
    }
  });
});
