import assert from 'node:assert/strict';
import { coldPartsLeftBehind } from '../../../lab/src/build/cold-parts.ts';
import type { Elf } from '../../../lab/src/kernel/elf.ts';

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
