import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readElf, relocationsOf, sectionBytes } from '../../../lab/src/kernel/elf.ts';
import { structSizes } from '../../../lab/src/kernel/btf.ts';

const fixture = (name: string) =>
  readElf(readFileSync(new URL(`../../fixtures/build/unit/${name}`, import.meta.url)), name);

describe('readElf', () => {
  it('reads sections, symbols and relocations of an object', () => {
    const elf = fixture('original.o');
    const entry = elf.symbols.find(({ name }) => name === 'entry');
    assert.deepEqual([entry?.type, entry?.bind], ['func', 'global']);
    assert.equal(elf.sections[entry?.section ?? 0]?.name, '.text.entry');
    const hook = elf.sections.find(({ name }) => name === '.data.hook');
    const [pointer] = relocationsOf(elf, hook?.index ?? 0);
    assert.equal(elf.symbols[pointer?.symbol ?? 0]?.name, 'entry');
    assert.equal(pointer?.type, 1);
  });

  it('keeps kernel addresses exact', () => {
    const text = fixture('image').sections.find(({ name }) => name === '.text');
    assert.equal(text?.address, -0x7f000000);
    assert.ok(sectionBytes(fixture('image'), text).length > 0x60);
  });

  it('refuses what is no such file', () => {
    assert.throws(() => readElf(Buffer.from('MZ'.padEnd(100)), 'a.exe'), { code: 'state.corrupt' });
  });
});

describe('structSizes', () => {
  it('reads sizes from BTF', () => {
    assert.deepEqual([...structSizes(fixture('btf.o'), ['pair'])], [['pair', 16]]);
  });

  it('does not make up a struct', () => {
    assert.throws(() => structSizes(fixture('btf.o'), ['pair', 'absent']), /no struct absent/);
    assert.deepEqual([...structSizes(fixture('btf.o'), ['pair', 'absent'], (name) => name === 'absent')].length, 1);
    assert.throws(() => structSizes(fixture('original.o'), ['pair']), /has no BTF/);
  });
});
