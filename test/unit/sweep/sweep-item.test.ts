import assert from 'node:assert/strict';
import { chooseItems } from '../../../lab/src/sweep/sweep-item.ts';

const names = Array.from({ length: 100 }, (_, index) => `${index < 50 ? 'fs' : 'net'}/unit${index}.c`);

describe('chooseItems', () => {
  it('takes the same sample every time, spread over all of them', () => {
    const sample = chooseItems(names, { sample: 20 });
    assert.equal(sample.length, 20);
    assert.deepEqual(chooseItems(names.toReversed(), { sample: 20 }), sample);
    const inFs = sample.filter((name) => name.startsWith('fs/')).length;
    assert.ok(inFs >= 4 && inFs <= 16, `${inFs} of 20 in one half`);
  });

  it('takes samples that lie within each other', () => {
    const large = new Set(chooseItems(names, { sample: 40 }));
    assert.ok(chooseItems(names, { sample: 20 }).every((name) => large.has(name)));
    assert.equal(chooseItems(names, { sample: 1000 }).length, 100);
  });

  it('takes a part of a name, or the whole with stars', () => {
    assert.equal(chooseItems(names, { only: 'net/' }).length, 50);
    assert.deepEqual(chooseItems(names, { only: 'fs/unit1.c' }), ['fs/unit1.c']);
    assert.deepEqual(chooseItems(names, { only: '*unit1.c' }), ['fs/unit1.c']);
    assert.deepEqual(chooseItems(names, { only: 'unit1*' }), []);
    assert.deepEqual(chooseItems(names, { only: 'fs.unit1' }), []);
  });
});
