import assert from 'node:assert/strict';
import { foldedStatics } from '../../../lab/src/build/check/folded-statics.ts';
import type { PatchedUnit } from '../../../lab/src/build/patched-unit.ts';
import { fixtureElf, withSymbolRenamed } from './unit-fixtures.ts';

const sourceOf = (text: string) => ({ applied: { text }, included: [] }) as unknown as PatchedUnit;

describe('foldedStatics', () => {
  const original = withSymbolRenamed(fixtureElf('statics-first.o'), 'count.1', 'count');
  const gone = { ...original, symbols: original.symbols.filter(({ name }) => name !== 'count') };
  const declared = 'static int calls, count = 3; /* of calls */\n';
  const read = sourceOf(`${declared}int first(void)\n{\n\treturn count;\n}\n`);

  it('names a variable that nothing writes any more but something reads', () => {
    assert.deepEqual(foldedStatics({ original, patched: gone }, read), ['count']);
  });

  it('knows the declaration whatever stands before the name in it', () => {
    const text = 'static int calls = max(1, 2),\n\tcount;\nint first(void)\n{\n\treturn count == 1;\n}\n';
    assert.deepEqual(foldedStatics({ original, patched: gone }, sourceOf(text)), ['count']);
  });

  it('leaves alone what stays, is only written, goes from the source as well, or was a constant', () => {
    assert.deepEqual(foldedStatics({ original, patched: original }, read), []);
    for (const text of [
      `${declared}void first(void)\n{\n\tcount = 1;\n\tcount += 2; // count\n}\n`,
      'int first(int count);\n',
    ])
      assert.deepEqual(foldedStatics({ original, patched: gone }, sourceOf(text)), []);
    const constant = { ...original, sections: original.sections.map((each) => ({ ...each, flags: each.flags & ~1 })) };
    assert.deepEqual(foldedStatics({ original: constant, patched: gone }, read), []);
  });
});
