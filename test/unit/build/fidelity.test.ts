import assert from 'node:assert/strict';
import { checkFidelity } from '../../../lab/src/build/unit/fidelity.ts';
import { matchLayout } from '../../../lab/src/build/unit/layout.ts';
import { stockCode } from '../../../lab/src/build/unit/stock-code.ts';
import type { TargetObject } from '../../../lab/src/build/unit/target-object.ts';
import { relocationsOf } from '../../../lab/src/kernel/elf.ts';
import { fixtureElf, stockModule, stockVmlinux, withByte } from './unit-fixtures.ts';

const reference = fixtureElf('reference.o');
const check = (target: TargetObject) =>
  checkFidelity(reference, matchLayout(reference, target.placesOf), stockCode(target));

describe('checkFidelity', () => {
  for (const [kind, open] of [
    ['vmlinux', stockVmlinux],
    ['a module', stockModule],
  ] as const) {
    it(`finds all functions of the unit in ${kind} as compiled`, async () => {
      assert.deepEqual(check(await open()), { show: 'same', entry: 'same' });
    });

    it(`sees one changed instruction byte in ${kind}`, async () => {
      const target = await open();
      const at = matchLayout(reference, target.placesOf).proven.get('entry');
      const offset = kind === 'vmlinux' ? (at?.at ?? 0) + 0x7f000000 : (at?.at ?? 0);
      const damaged = { ...target, elf: withByte(target.elf, '.text', offset, (byte) => byte ^ 1) };
      assert.match(check(damaged)['entry'] ?? '', /differs from the stock image at \+0x0/);
      assert.equal(check(damaged)['show'], 'same');
    });
  }

  it('sees a reference of vmlinux that leads elsewhere', async () => {
    const target = await stockVmlinux();
    const show = matchLayout(reference, target.placesOf).proven.get('show');
    const text = reference.sections.find(({ name }) => name === '.text');
    for (const relocation of relocationsOf(reference, text?.index ?? 0).filter(({ offset }) => offset < 0x20)) {
      const offset = (show?.at ?? 0) + 0x7f000000 + relocation.offset;
      const damaged = { ...target, elf: withByte(target.elf, '.text', offset, (byte) => byte + 64) };
      assert.match(check(damaged)['show'] ?? '', /elsewhere|another string/, `relocation at ${relocation.offset}`);
    }
  });

  it('sees another string', async () => {
    const target = await stockVmlinux();
    const strings = target.elf.sections.find(({ name }) => name === '.rodata');
    const at = target.elf.bytes.indexOf('hello from', strings?.offset) - (strings?.offset ?? 0);
    const damaged = { ...target, elf: withByte(target.elf, '.rodata', at, () => 0x48) };
    assert.match(check(damaged)['show'] ?? '', /another string than "hello from the unit"/);
  });

  it('does not take a weak function for what runs where another unit overrides it', async () => {
    const target = await stockVmlinux();
    // The kernel has `entry` where the other unit has its `helper`: whether that place is believed or not, the code is not.
    const overridden = { ...target, placesOf: (name: string) => target.placesOf(name === 'entry' ? 'helper' : name) };
    assert.match(check(overridden)['entry'] ?? '', /leads elsewhere/);
    const amongOthers = matchLayout(reference, target.placesOf);
    amongOthers.proven.delete('entry');
    assert.match(checkFidelity(reference, amongOthers, stockCode(target))['entry'] ?? '', /place .* is not proven/);
  });

  it('takes a static branch into the .cold part for what objtool made of it, and nothing else', () => {
    const elf = fixtureElf('cold-jump.o');
    const found = { space: 0, at: 0, order: 0 };
    const layout = { sections: new Map(), proven: new Map([['f', found]]), misplaced: [], known: 1 };
    const judge = (code: number[]) => {
      const stock = { read: () => Buffer.from(code), compare: () => 'another relocation' };
      return checkFidelity(elf, layout, stock)['f'];
    };
    assert.equal(judge([0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xc3]), 'same');
    assert.equal(judge([0x90, 0xe9, 0x00, 0x00, 0x00, 0x00, 0xc3]), 'another relocation');
    assert.match(judge([0x91, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xc3]) ?? '', /differs from the stock image/);
  });

  it('calls nothing the same whose place is not proven', () => {
    const layout = matchLayout(reference, () => []);
    const stock = { read: () => undefined, compare: () => undefined };
    assert.match(checkFidelity(reference, layout, stock)['show'] ?? '', /not proven/);
  });
});
