import assert from 'node:assert/strict';
import { inlinedOnlyInTarget } from '../../../lab/src/build/unit/inlining.ts';
import { relocationsOf } from '../../../lab/src/kernel/elf.ts';
import { fixtureElf, withByte } from './unit-fixtures.ts';

describe('inlinedOnlyInTarget', () => {
  const reference = fixtureElf('reference.o');
  const original = fixtureElf('original.o');

  it('finds nothing when both objects call the same functions', () => {
    assert.deepEqual(inlinedOnlyInTarget(reference, original), {});
  });

  it('finds a call that the target does not have', () => {
    // entry() calls show() without a relocation in the reference: damage the call's opcode.
    const entry = reference.symbols.find(({ name }) => name === 'entry');
    const text = reference.sections.find(({ name }) => name === '.text');
    assert.equal(
      relocationsOf(reference, text?.index ?? 0).some(({ symbol }) => reference.symbols[symbol]?.name === 'show'),
      false,
    );
    const code = reference.bytes.subarray((text?.offset ?? 0) + (entry?.value ?? 0));
    const inlined = withByte(reference, '.text', (entry?.value ?? 0) + code.indexOf(0xe8), () => 0x90);
    assert.deepEqual(inlinedOnlyInTarget(inlined, original), { show: ['entry'] });
  });
});
