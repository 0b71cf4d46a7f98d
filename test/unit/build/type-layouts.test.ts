import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { changedPrototypes } from '../../../lab/src/build/check/check-exports.ts';
import { changedLayouts, readLayouts, readPrototypes } from '../../../lab/src/build/check/type-layouts.ts';
import { fixturePath } from './unit-fixtures.ts';

const layouts = (name: string) => readLayouts(readFileSync(fixturePath(`layout/${name}.btf`)));
const changes = (name: string) =>
  changedLayouts(layouts('before'), layouts(name)).map(({ type, change }) => `${type} ${change}`);

/** What must be said when layout.c is compiled with that change. */
const expected: Record<string, string[]> = {
  reordered: ['struct thing has first at byte 4, not at byte 0'],
  removed: ['struct thing loses gap'],
  added: ['struct thing gains extra'],
  type: ['struct thing has pointer as long int *, not int *'],
  bound: ['struct thing has array as long int[5], not long int[4]'],
  bitfield: ['struct thing has low as unsigned int:4, not unsigned int:3'],
  nested: [
    'struct thing has unnamed member 1 as union { struct other * link @0; char[8] text @0 }, not union { struct other * link @0; long int number @0 }',
  ],
  callback: ['struct thing has act as int (struct thing *, long int) *, not int (struct thing *, int) *'],
  'typedef-member': ['typedef entry gains more'],
  'union-grown': ['union either gains big'],
  'enum-value': ['enum state has BUSY = 2, not 1'],
  'constant-value': ['enumerator LIMIT is 8, not 7'],
};

describe('changedLayouts', () => {
  for (const [name, reasons] of Object.entries(expected))
    it(`sees ${name}`, () => {
      assert.deepEqual(changes(name), reasons);
    });

  for (const name of ['before', 'enum-added', 'type-new', 'type-removed', 'typedef-name'])
    it(`has nothing against ${name}`, () => {
      assert.deepEqual(changes(name), []);
    });

  it('knows the types it compares', () => {
    const names = [...layouts('before').keys()];
    for (const name of [
      'struct thing',
      'struct gone',
      'union either',
      'enum state',
      'enumerator LIMIT',
      'typedef entry',
    ])
      assert.ok(names.includes(name), name);
    assert.ok(layouts('type-new').has('struct fresh'));
    assert.ok(!layouts('type-removed').has('struct gone'));
  });

  it('compares local types of the same name one by one', () => {
    const [thing] = layouts('before').get('struct thing') ?? [];
    const [other] = layouts('added').get('struct thing') ?? [];
    assert.ok(thing && other);
    const both = new Map([['struct thing', [other, thing]]]);
    assert.deepEqual(changedLayouts(both, new Map([['struct thing', [thing, other]]])), []);
    assert.equal(changedLayouts(both, new Map([['struct thing', [other]]])).length, 1);
  });

  it('throws on what is no BTF', () => {
    assert.throws(() => readLayouts(Buffer.alloc(24)), { code: 'kernel.unsupported' });
  });
});

describe('changedPrototypes', () => {
  const prototypes = (name: string) => readPrototypes(readFileSync(fixturePath(`layout/${name}.btf`)));

  it('reads what a function takes and returns', () =>
    assert.deepEqual(
      [...prototypes('before')],
      [['use', 'int (struct thing *, struct { int value @0 } *, union either *)']],
    ));

  it('refuses another type of an exported function, and of no other', () => {
    const before = prototypes('before');
    const after = new Map([['use', 'long int (struct thing *)']]);
    const said = (exported: string[], now: ReadonlyMap<string, string>) =>
      changedPrototypes({ file: 'x.c', line: 7 }, new Set(exported), { before, after: now }).map(
        ({ rule, line, message }) => [rule, line, message],
      );
    assert.deepEqual(said(['use'], after), [['DA09', 7, 'x.c: the type of an exported symbol changes (use)']]);
    assert.deepEqual([said([], after), said(['use'], before), said(['use'], new Map())], [[], [], []]);
  });
});
