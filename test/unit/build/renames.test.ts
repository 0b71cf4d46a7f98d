import assert from 'node:assert/strict';
import { movedSections, onceSections } from '../../../lab/src/build/differ/moved-sections.ts';
import { changedConstants, ownConstants } from '../../../lab/src/build/differ/own-constants.ts';
import { ownData, renameInTable } from '../../../lab/src/build/differ/own-data.ts';
import { ownMessages } from '../../../lab/src/build/differ/own-messages.ts';
import { goneStatics } from '../../../lab/src/build/differ/static-locals.ts';
import type { PatchedUnit } from '../../../lab/src/build/patched-unit.ts';
import { fixtureElf, withSectionRenamed } from './unit-fixtures.ts';

const sourceOf = (text: string) => ({ applied: { text }, included: [] }) as unknown as PatchedUnit;

describe('movedSections', () => {
  const unlikely = fixtureElf('moved-cold.o');
  const split = fixtureElf('moved-part.o');
  const whole = withSectionRenamed(unlikely, '.text.unlikely.f', '.text.hot.f\0');

  it('names a moved function as in the original', () => {
    const to = '.text.unlikely.f';
    assert.deepEqual(movedSections(unlikely, whole), { original: [], patched: [{ from: '.text.hot.f', to }] });
  });

  it('renames the original where the name is that of the .cold part', () => {
    const moved = { from: '.text.unlikely.f', to: '.text.f' };
    assert.deepEqual(movedSections(unlikely, split), { original: [moved], patched: [] });
    assert.deepEqual(movedSections(split, unlikely), { original: [], patched: [moved] });
  });

  it('leaves functions alone that stay, .cold parts, and those that are new', () => {
    const none = { original: [], patched: [] };
    assert.deepEqual(movedSections(split, split), none);
    assert.deepEqual(movedSections(fixtureElf('messages.o'), split), none);
  });
});

describe('onceSections', () => {
  it('gives the flags of WARN_ONCE the names that create-diff-object knows', () => {
    const unit = fixtureElf('messages.o');
    const named = (name: string) => onceSections(withSectionRenamed(unit, '.rodata.other.5', name));
    assert.deepEqual(named('.data..unlikely'), [{ from: '.data..unlikely', to: '.data.unlikely' }]);
    assert.deepEqual(named('.data..likely__'), []);
  });
});

describe('texts of NL_SET_ERR_MSG', () => {
  const { symbols, sections } = ownMessages(fixtureElf('messages.o'));

  it('get a name that create-diff-object takes for a constant, and their section with them', () => {
    assert.equal(symbols[0]?.from, '__msg.1');
    assert.match(symbols[0]?.to ?? '', /^__func__\.msg_[0-9a-f]{16}x\.1$/);
    assert.deepEqual(sections, [{ from: '.rodata.__msg.1', to: `.rodata.${symbols[0]?.to}` }]);
  });

  it('are constant text of one function, and nothing else is', () => assert.equal(symbols.length, 1));

  it('get another name when their text changes, so that who uses them changes', () => {
    const changed = ownMessages(fixtureElf('messages-changed.o')).symbols;
    assert.equal(changed[0]?.from, '__msg.1');
    assert.notEqual(changed[0]?.to, symbols[0]?.to);
  });

  it('have their new names in the table of the target as well', () => {
    const rows = '1: 00 8 OBJECT LOCAL DEFAULT 1 __msg.1\n2: 00 8 OBJECT LOCAL DEFAULT 1 __msg.12\n';
    const named = renameInTable(rows, { symbols, sections });
    assert.equal(named, rows.replace(/__msg\.1$/m, symbols[0]?.to ?? ''));
  });
});

describe('constants that the patch changes', () => {
  const [original, patched] = [fixtureElf('constants.o'), fixtureElf('constants-changed.o')];

  it('are those that only code reads, without pointers to code; and the constants that point to one', () => {
    assert.deepEqual(changedConstants(original, patched).sort(), ['nesting', 'policy', 'steps.0', 'words']);
    assert.deepEqual(changedConstants(original, original), []);
  });

  it('get a new name in the patched object, with their section', () => {
    const { symbols, sections } = ownConstants(original, patched).patched;
    assert.ok(symbols.some(({ from, to }) => from === 'policy' && to === 'policy_livepatched'));
    assert.ok(symbols.some(({ from, to }) => from === 'steps.0' && to === 'steps_livepatched.0'));
    assert.ok(sections.some(({ from, to }) => from === '.rodata.policy' && to === '.rodata.policy_livepatched'));
  });

  it('keep theirs in the original, unless they are of a function, where the differs would look for them', () => {
    const own = ownData({ original, patched }, sourceOf('')).original;
    assert.deepEqual(own.symbols, [{ from: 'steps.0', to: '__func__.was_steps.0' }]);
    const rows = '1: 00 8 OBJECT LOCAL DEFAULT 1 steps.0\n2: 00 8 OBJECT LOCAL DEFAULT 1 policy\n';
    assert.equal(renameInTable(rows, own), rows.replace('steps.0', '__func__.was_steps.0'));
  });
});

describe('static local variables that go', () => {
  const original = fixtureElf('statics-first.o');
  const renamed = (to: string) => ({
    ...original,
    symbols: original.symbols.map((each) => (each.name === 'count.1' ? { ...each, name: to } : each)),
  });
  const gone = { ...original, symbols: original.symbols.filter(({ name }) => name !== 'count.1') };

  const source = sourceOf('static int first(void)\n{\n\tint count = 0;\n');

  it('are not asked for', () => {
    assert.deepEqual(goneStatics(original, gone, source), ['count.1']);
    assert.deepEqual(ownData({ original, patched: gone }, source).original.symbols, [
      { from: 'count.1', to: '__func__.gone_count.1' },
    ]);
  });

  it('are those of which nothing is left, and in whose place none comes that could be one of them', () => {
    for (const patched of [original, renamed('count.2'), renamed('count'), renamed('calls.1')])
      assert.deepEqual(goneStatics(original, patched, source), []);
  });

  it('are not those that the source still declares: nobody writes them now, and the compiler has put their first value in', () => {
    const folded = sourceOf('void first(void)\n{\n\tstatic unsigned int calls, count;\n');
    assert.deepEqual(goneStatics(original, gone, folded), []);
  });
});
