import assert from 'node:assert/strict';
import { checkSymbols, type KlpSymbol, relocationSymbols } from '../../../lab/src/build/check/check-symbols.ts';
import { tracedFunctions } from '../../../lab/src/build/check/check-functions.ts';
import type { CompiledUnit } from '../../../lab/src/build/differ/differ.ts';
import { readKlpMessages, reasonsOfKlpFailure } from '../../../lab/src/build/differ/klp-messages.ts';
import { repositionFor } from '../../../lab/src/build/differ/klp-positions.ts';
import { klpRefusals, type UnitChange } from '../../../lab/src/build/differ/klp-refusals.ts';
import { replacedByKlp, setPositions } from '../../../lab/src/build/differ/klp-tables.ts';
import { globalPositions, newReferences } from '../../../lab/src/build/check/new-references.ts';
import { readElf } from '../../../lab/src/kernel/elf.ts';
import { fixtureElf } from './unit-fixtures.ts';

const show = ({ object, name, position }: KlpSymbol) => `${object}:${name},${position}`;

describe('replacedByKlp', () => {
  it('reads each object with its functions', () =>
    assert.deepEqual(replacedByKlp(fixtureElf('klp-diff.o')).map(show), [
      'vmlinux:changed,0',
      'vmlinux:twice,2',
      'mod:in_module,0',
    ]));
  it('finds none in a module of kpatch', () => assert.deepEqual(replacedByKlp(fixtureElf('livepatch.ko')), []));
});

describe('setPositions', () => {
  const moved = readElf(
    setPositions(fixtureElf('klp-diff.o'), ({ object, name, position }) =>
      name === 'imported' ? { object: 'vmlinux', position: 0 } : { object, position: position === 2 ? 117 : position },
    ),
  );
  it('changes the positions of functions', () =>
    assert.deepEqual(replacedByKlp(moved).map(show), ['vmlinux:changed,0', 'vmlinux:twice,117', 'mod:in_module,0']));
  it('gives symbols longer names and leaves all others alone', () => {
    assert.deepEqual(relocationSymbols(moved).map(show), [
      'vmlinux:helper,117',
      'vmlinux:imported,0',
      'other:exported,0',
    ]);
    const names = (elf: typeof moved) => elf.symbols.map(({ name }) => name).filter((name) => !name.startsWith('.klp'));
    assert.deepEqual(names(moved), names(fixtureElf('klp-diff.o')));
  });
});

describe('repositionFor', () => {
  const reposition = repositionFor({
    original: fixtureElf('joined.o'),
    name: 'vmlinux',
    units: [
      { path: 'a.c', positions: { twice: 7, elsewhere: 3 } },
      { path: 'b.c', positions: { twice: 4, helper: 2 } },
    ],
    globals: new Map([['added', 5]]),
  });
  const positionOf = (name: string, position: number, object = 'vmlinux') =>
    show({ name, ...reposition({ object, name, position }) });

  it('is that of the unit whose symbol it is', () => {
    assert.equal(positionOf('twice', 1), 'vmlinux:twice,7');
    assert.equal(positionOf('twice', 2), 'vmlinux:twice,4');
    assert.equal(positionOf('helper', 0), 'vmlinux:helper,2');
  });
  it('counts globals, which objtool does not', () => assert.equal(positionOf('elsewhere', 0), 'vmlinux:elsewhere,3'));
  it('stays open where nothing is proven', () => assert.equal(positionOf('starts', 0), 'vmlinux:starts,0'));
  it('finds a symbol of vmlinux that a module refers to anew', () =>
    assert.equal(
      show({
        name: 'added',
        ...repositionFor({
          original: fixtureElf('joined.o'),
          name: 'mod',
          units: [
            { path: 'a.c', positions: {} },
            { path: 'b.c', positions: {} },
          ],
          globals: new Map([['added', 5]]),
        })({ object: 'mod', name: 'added', position: 0 }),
      }),
      'vmlinux:added,5',
    ));
  it('leaves exports of other modules alone', () =>
    assert.equal(positionOf('exported', 0, 'other'), 'other:exported,0'));
  it('fails when units and FILE symbols do not agree', () => {
    const units = [1, 2, 3].map((each) => ({ path: `${each}.c`, positions: {} }));
    const original = fixtureElf('joined.o');
    assert.throws(() => repositionFor({ original, name: 'vmlinux', units, globals: new Map() }), { code: 'bug' });
  });
});

describe('references to symbols that were not used before', () => {
  const kallsyms = ['t many', 'T many', 'T one', 't local', 'T two', 'D two']
    .map((symbol, at) => `ffffffff8100000${at} ${symbol}\n`)
    .join('');

  it('are those that no unit has or had', () => {
    const joined = fixtureElf('joined.o');
    assert.deepEqual(newReferences([fixtureElf('klp-diff.o')], [joined]), ['elsewhere']);
    assert.deepEqual(newReferences([joined], [joined]), []);
  });
  it('lead to the only global symbol of that name', () =>
    assert.deepEqual(
      [...globalPositions(kallsyms, ['many', 'one', 'local', 'two', 'absent'])],
      [
        ['many', 2],
        ['one', 0],
      ],
    ));
  it('are accepted at that position only', () => {
    const units = [{ path: 'a.c', object: 'vmlinux', positions: {}, ambiguous: [] }];
    const rules = (position: number) =>
      checkSymbols(fixtureElf('joined.o'), [{ object: 'vmlinux', name: 'many', position }], { kallsyms, units }).map(
        ({ rule }) => rule,
      );
    assert.deepEqual([rules(2), rules(0), rules(1)], [[], ['NP14'], ['NP14']]);
  });
});

describe('klpRefusals', () => {
  const text = 'static int starts(void)\n{\n}\n';
  const compiled = {
    unit: { path: 'a.c' },
    source: {
      path: 'a.c',
      original: '',
      applied: { text, changes: [{ oldLine: 2, oldCount: 1, newLine: 2, newCount: 1 }] },
      included: [],
    },
    out: '',
  } as unknown as CompiledUnit;
  const joined = fixtureElf('joined.o');
  const refusals = (change: Partial<UnitChange>) =>
    klpRefusals({ compiled, original: joined, patched: joined, functions: [], uncorrelated: [], ...change });

  it('has nothing against a changed function', () => assert.deepEqual(refusals({ functions: ['twice'] }), []));
  it('refuses init code, at its line', () => {
    const [found, ...more] = refusals({ functions: ['starts'] });
    assert.deepEqual([found?.rule, found?.line, found?.function, more], ['NP05', 1, 'starts', []]);
  });
  it('refuses a static local that was not found again', () => {
    assert.deepEqual(
      refusals({ uncorrelated: ['count.1'] }).map(({ rule }) => rule),
      ['DA04'],
    );
    assert.deepEqual(refusals({ uncorrelated: ['table'] }), [], 'one of the file may go');
  });
  it('refuses a static local that goes from one function and comes into another', () => {
    const [original, patched] = [fixtureElf('statics-first.o'), fixtureElf('statics-second.o')];
    assert.deepEqual(
      refusals({ original, patched }).map(({ rule }) => rule),
      ['DA04'],
    );
    assert.deepEqual(refusals({ original, patched: original }), []);
  });
  it('refuses data of another size', () => {
    const patched = {
      ...joined,
      symbols: joined.symbols.map((each) => (each.name === 'table' ? { ...each, size: 24 } : each)),
    };
    const [found] = refusals({ patched });
    assert.match(`${found?.rule} ${found?.message}`, /^DA02 .*symbol table/);
  });
  it('lets the text of a netlink message have another size, and nothing that only has its name', () => {
    const original = fixtureElf('messages.o');
    const grown = (name: string) => {
      const symbols = original.symbols.map((each) => (each.name === name ? { ...each, size: each.size + 1 } : each));
      return refusals({ original, patched: { ...original, symbols } }).map(({ rule }) => rule);
    };
    assert.deepEqual([grown('__msg.1'), grown('__msg.2'), grown('__msg.4')], [[], ['DA02'], ['DA02']]);
  });
});

describe('tracedFunctions', () => {
  it('are those with a place in __mcount_loc', () =>
    assert.deepEqual([...tracedFunctions(fixtureElf('joined.o'))], ['helper']));
});

describe('messages of objtool klp diff', () => {
  const said = `a.o: new function: added
a.o: changed function: twice
a.o: warning: objtool: no correlation: count.1
`;
  it('name functions and what has no counterpart', () =>
    assert.deepEqual(readKlpMessages(said), { changed: ['twice'], added: ['added'], uncorrelated: ['count.1'] }));

  const place = { file: 'fs/x.c', line: 3 };
  for (const [line, rule] of [
    ['a.o: error: objtool: changed data: table', 'DA02'],
    ['a.o: error: objtool: f+0x10: unsupported static branch key k.  Use static_key_enabled() instead', 'CO01'],
    ['a.o: error: objtool: f()+0x10: unsupported static call key k.  Use KLP_STATIC_CALL() instead', 'CO02'],
    ['a.o: error: objtool: something else', 'klp-diff'],
    ['Segmentation fault', 'klp-diff'],
  ] as const)
    it(`${line}: ${rule}`, () =>
      assert.deepEqual(
        reasonsOfKlpFailure(`${said}${line}`, place).map((each) => [each.rule, each.file, each.line]),
        [[rule, 'fs/x.c', 3]],
      ));
});
