import assert from 'node:assert/strict';
import { matchLayout } from '../../../lab/src/build/unit/layout.ts';
import { checkFidelity } from '../../../lab/src/build/unit/fidelity.ts';
import { placeReferred } from '../../../lab/src/build/unit/referred-sections.ts';
import { stockCode } from '../../../lab/src/build/unit/stock-code.ts';
import { synthesizeSymbolTable } from '../../../lab/src/build/unit/symbol-table.ts';
import type { TargetObject } from '../../../lab/src/build/unit/target-object.ts';
import { fixtureElf, stockModule, stockVmlinux, withByte } from './unit-fixtures.ts';

const reference = fixtureElf('reference.o');

/** Places of the target, with those of one name moved. */
const moved = (target: TargetObject, name: string, by: number) => (asked: string) =>
  target.placesOf(asked).map((place) => (asked === name ? { ...place, at: place.at + by } : place));

describe('matchLayout', () => {
  it('finds every symbol of a unit in vmlinux, and the right one of two', async () => {
    const target = await stockVmlinux();
    const layout = matchLayout(reference, target.placesOf);
    assert.deepEqual([...layout.proven.keys()].sort(), ['entry', 'hook', 'show', 'state', 'table']);
    assert.deepEqual(layout.misplaced, []);
    const shows = target.placesOf('show');
    assert.equal(layout.proven.get('show')?.at, shows[1]?.at);
  });

  it('finds them in a module, whose sections are numbered', async () => {
    const target = await stockModule();
    const layout = matchLayout(reference, target.placesOf);
    assert.equal(layout.proven.size, 5);
    assert.equal(layout.proven.get('show')?.order, target.placesOf('show')[1]?.order);
  });

  it('does not prove a symbol that lies elsewhere', async () => {
    const target = await stockVmlinux();
    const layout = matchLayout(reference, moved(target, 'show', 16));
    assert.deepEqual(layout.misplaced, ['show']);
    assert.equal(layout.proven.has('show'), false);
  });

  it('proves nothing in a kernel that has no such unit', () => {
    const layout = matchLayout(reference, () => []);
    assert.equal(layout.known + layout.proven.size, 0);
  });
});

describe('a symbol that is alone in its section, with a name that others have', () => {
  /** Two more of the name, before and behind. */
  const crowded = (target: TargetObject): TargetObject => ({
    ...target,
    placesOf: (name) =>
      target
        .placesOf(name)
        .flatMap((it) => (name === 'state' ? [-64, 0, 64].map((by) => ({ ...it, at: it.at + by })) : [it])),
  });
  const prove = (target: TargetObject, isSame: (name: string) => boolean = () => true) => {
    const layout = matchLayout(reference, target.placesOf);
    assert.deepEqual(layout.misplaced, ['state']);
    return placeReferred({ reference, layout, placesOf: target.placesOf, stock: stockCode(target), isSame });
  };

  for (const [kind, open] of [
    ['vmlinux', stockVmlinux],
    ['a module', stockModule],
  ] as const)
    it(`is found in ${kind} by the code that refers to it`, async () => {
      const target = await open();
      const layout = prove(crowded(target));
      assert.equal(layout.proven.get('state')?.at, target.placesOf('state')[0]?.at);
      assert.deepEqual(layout.misplaced, []);
      assert.equal(checkFidelity(reference, layout, stockCode(target))['show'], 'same');
    });

  it('is not found by code that is not what the target runs', async () => {
    const target = crowded(await stockVmlinux());
    assert.equal(prove(target, (name) => name !== 'show').proven.has('state'), false);
  });

  it('is not found where the reference leads to no symbol of that name', async () => {
    const target = crowded(await stockVmlinux());
    const show = matchLayout(reference, target.placesOf).proven.get('show');
    // The field of its first instruction that refers to `state`.
    const offset = (show?.at ?? 0) + 0x7f000000 + 2;
    const led = (by: number) => ({ ...target, elf: withByte(target.elf, '.text', offset, (byte) => byte + by) });
    assert.equal(prove(led(8)).proven.has('state'), false);
    assert.equal(prove(led(64)).proven.get('state')?.at, target.placesOf('state')[2]?.at ?? 0);
  });
});

describe('synthesizeSymbolTable', () => {
  const table = async (placesOf?: TargetObject['placesOf']) => {
    const target = await stockVmlinux();
    const layout = matchLayout(reference, placesOf ?? target.placesOf);
    return synthesizeSymbolTable(target, { original: fixtureElf('original.o'), layout, prefixBytes: 16 });
  };

  it('groups the unit under its FILE symbol, same-named symbols before it stay before it', async () => {
    const { text, ambiguous } = await table();
    const names = text
      .split('\n')
      .slice(3)
      .map((line) => line.trim().split(/\s+/).at(-1));
    assert.deepEqual(
      names.filter((name) => /^(show|state|\w+\.c)$/.test(name ?? '')),
      ['before.c', 'show', 'unit.c', 'show', 'state', 'after.c'],
    );
    assert.match(text, /ffffffff81000040 +8 FUNC +LOCAL +DEFAULT +1 show/);
    assert.deepEqual(ambiguous, []);
  });

  it('says which locals it could not tell apart', async () => {
    assert.deepEqual((await table(() => [])).ambiguous, ['show']);
  });
});
