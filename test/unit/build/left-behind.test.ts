import assert from 'node:assert/strict';
import { callsLeftBehind } from '../../../lab/src/build/check/left-behind.ts';
import type { PatchedUnit } from '../../../lab/src/build/patched-unit.ts';
import { fixtureElf } from './unit-fixtures.ts';

describe('functions that a patch removes', () => {
  const original = fixtureElf('left-behind.o');
  const objects = { original, patched: fixtureElf('left-behind-gone.o') };
  const head = 'static int helper(struct thing *one, int two)';
  const source = (now: string) =>
    ({ original: `${head}\n{\n}\n`, applied: { text: `${now}\n{\n}\n` }, included: [] }) as unknown as PatchedUnit;
  const callers = (now: string, changed = ['helper'], given = objects) =>
    callsLeftBehind(given, changed, source(now)).map(({ caller }) => caller);
  const wider = head.replace('two)', 'two, bool three)');

  it('are told when one that can still be called hands over too little', () =>
    assert.deepEqual(callers(wider).sort(), ['called_by_removed', 'held_by_code', 'held_by_data', 'known_by_name']));

  it('are told when what they call returns something else', () =>
    assert.equal(callers(head.replace('int helper', 'struct thing *helper')).length, 4));

  it('may call what takes and returns the same, whatever the parameters are called', () => {
    assert.deepEqual(callers(head), []);
    assert.deepEqual(callers(head.replace('one, ', 'first,\n\t\t')), []);
  });

  it('are not the .cold parts of others, which only tables of jumps point to', () => {
    const symbols = original.symbols.map((each) =>
      each.name === 'held_by_data' ? { ...each, name: 'stays.cold' } : each,
    );
    const given = { ...objects, original: { ...original, symbols } };
    assert.deepEqual(callers(wider, ['helper'], given).sort(), ['called_by_removed', 'held_by_code', 'known_by_name']);
  });

  it('may call what stays, or is new', () => {
    assert.deepEqual(callers(wider, ['stays']), []);
    assert.deepEqual(callers(wider, ['helper'], { original, patched: original }), []);
  });

  it('are told when what the called function takes cannot be known', () => {
    const names = new Map([['helper', 'helper.isra.0']]);
    const symbols = original.symbols.map((each) => ({ ...each, name: names.get(each.name) ?? each.name }));
    const cloned = { ...objects, original: { ...original, symbols } };
    assert.equal(callers(head, ['helper.isra.0'], cloned).length, 4);
    assert.equal(callers('static DEFINE_HELPER(helper)').length, 4);
  });
});
