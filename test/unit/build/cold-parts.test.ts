import assert from 'node:assert/strict';
import { isRelocated } from '../../../lab/src/build/check/check-sections.ts';
import { coldPartsLeftBehind, padSections } from '../../../lab/src/build/differ/cold-parts.ts';
import { type Elf, readElf, relocationsOf, sectionBytes } from '../../../lab/src/kernel/elf.ts';
import { fixtureElf } from './unit-fixtures.ts';

describe('coldPartsLeftBehind', () => {
  const sections = ['', '.text.f', '.text.unlikely.f', '.text.g', '.text.unlikely.g'].map((name) => ({ name }));
  const symbols = ['f', 'f.cold', 'g', 'g.cold'].map((name, at) => ({ name, type: 'func', section: at + 1 }));
  const patched = { sections, symbols } as unknown as Elf;

  it('finds the part of a changed function that would stay the old one', () =>
    assert.deepEqual(coldPartsLeftBehind(patched, ['f']), ['.text.unlikely.f']));
  it('leaves alone what comes along, and what belongs to unchanged functions', () => {
    assert.deepEqual(coldPartsLeftBehind(patched, ['f', 'f.cold']), []);
    assert.deepEqual(coldPartsLeftBehind(patched, ['other']), []);
  });
});

describe('padSections', () => {
  const object = fixtureElf('original.o');
  const wanted = object.symbols.find(
    ({ name, type, section, size }) => type === 'func' && section > 0 && size > 0 && isRelocated(object, name),
  );
  assert.ok(wanted);
  const name = object.sections[wanted.section]?.name ?? '';
  const padded = readElf(padSections(object, [name]));
  const code = (elf: Elf, section: string) => {
    const found = elf.sections.find((each) => each.name === section);
    return found ? sectionBytes(elf, found) : Buffer.alloc(0);
  };

  it('adds one byte to the code, and keeps its relocations', () => {
    assert.deepEqual(code(padded, name), Buffer.concat([code(object, name), Buffer.from([0xcc])]));
    assert.deepEqual(relocationsOf(padded, wanted.section), relocationsOf(object, wanted.section));
    assert.ok(isRelocated(padded, wanted.name));
  });

  it('leaves everything else as it is', () => {
    const others = object.sections.filter((each) => each.name !== name);
    for (const other of others) assert.deepEqual(code(padded, other.name), code(object, other.name));
  });
});

describe('isRelocated', () => {
  it('notices code whose relocations are gone', () => {
    const object = fixtureElf('original.o');
    const isRela = ({ type }: Elf['sections'][number]) => type === 4;
    const bare = { ...object, sections: object.sections.map((each) => (isRela(each) ? { ...each, type: 0 } : each)) };
    const names = object.symbols.filter(({ name, type }) => type === 'func' && isRelocated(object, name));
    assert.ok(names.length > 0);
    assert.ok(names.every(({ name }) => !isRelocated(bare, name)));
  });
});
