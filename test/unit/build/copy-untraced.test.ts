import assert from 'node:assert/strict';
import { copiesOf } from '../../../lab/src/build/differ/copy-untraced.ts';
import type { Elf } from '../../../lab/src/kernel/elf.ts';
import { fixtureElf, withSectionRenamed } from './unit-fixtures.ts';

describe('copies of functions without an ftrace entry', () => {
  // Here `second` uses the static local variable, `first` nothing.
  const unit = fixtureElf('statics-second.o');
  const global = (name: string): Elf => ({
    ...unit,
    symbols: unit.symbols.map((each) => (each.name === name ? { ...each, bind: 'global' } : each)),
  });

  it('are made under another name, in a section of that name', () =>
    assert.deepEqual(copiesOf(unit, unit, ['first']), {
      symbols: [{ from: 'first', to: 'first_livepatched' }],
      sections: [{ from: '.text.first', to: '.text.first_livepatched' }],
    }));

  it('are not made of what other units can call', () =>
    assert.equal(copiesOf(global('first'), global('first'), ['first']), undefined));

  it('are not made of what would start with new static local variables', () =>
    assert.equal(copiesOf(unit, unit, ['first', 'second']), undefined));

  it('are not made of code that must stay in a section of its own', () => {
    const elsewhere = withSectionRenamed(unit, '.text.first', '.init.first');
    assert.equal(copiesOf(elsewhere, elsewhere, ['first']), undefined);
  });

  it('are not made of what is not there', () => assert.equal(copiesOf(unit, unit, ['third']), undefined));
});
