import assert from 'node:assert/strict';
import { plainDisassembly } from '../../../../lab/src/build/explain/disassembly.ts';
import { explainObject } from '../../../../lab/src/build/explain/explain-object.ts';
import { whyChanged } from '../../../../lab/src/build/explain/why-changed.ts';
import { type PatchedFile, readPatch } from '../../../../lab/src/patch/read-patch.ts';
import { changeOfSource } from '../../../../lab/src/patch/source-change.ts';
import { driver, type Edit, edited, patchOf } from '../lint/kernel-code.ts';
import { fixtureElf } from '../unit-fixtures.ts';

describe('whyChanged', () => {
  const why = (edit: Edit, name: string, calls: Record<string, string[]> = {}) => {
    const files = readPatch(patchOf(edited(edit), { context: 3 })) as PatchedFile[];
    const change = changeOfSource(files[0] as PatchedFile, driver);
    const called = new Map(Object.entries(calls).map(([caller, callees]) => [caller, new Set(callees)]));
    return whyChanged(name, { changes: [change], calls: called });
  };
  const settle: Edit = [['g->mode = GADGET_ON;', 'g->mode = GADGET_OFF;']];

  it('tells an edited function, and a new one', () => {
    assert.deepEqual(why(settle, 'gadget_settle'), { why: 'edited' });
    const added: Edit = [['module_init(', 'static int gadget_new(void)\n{\n\treturn 0;\n}\nmodule_init(']];
    assert.deepEqual(why(added, 'gadget_new'), { why: 'new' });
  });

  it('names the edited function that a caller holds a copy of, not one it calls', () => {
    assert.deepEqual(why(settle, 'gadget_open'), { why: 'inlines', of: 'gadget_settle' });
    for (const callee of ['gadget_settle', 'gadget_settle.isra.0'])
      assert.deepEqual(why(settle, 'gadget_open', { gadget_open: [callee] }), { why: 'compiler' });
  });

  it('knows the parts the compiler makes', () => {
    assert.deepEqual(why(settle, 'gadget_settle.constprop.0'), { why: 'clone', of: 'gadget_settle' });
    assert.deepEqual(why(settle, 'gadget_open.cold'), { why: 'clone', of: 'gadget_open' });
  });

  it('blames a declaration where no function was edited', () => {
    const edit: Edit = [['retries = 3', 'retries = 4']];
    assert.deepEqual(why(edit, 'gadget_read'), {
      why: 'declaration',
      line: driver.split('\n').indexOf('static const unsigned int retries = 3;') + 1,
    });
  });
});

describe('explainObject', () => {
  it('tells sizes, callers and ftrace entries', () => {
    const [reference, original] = [fixtureElf('reference.o'), fixtureElf('original.o')];
    const { symbols } = original;
    const names = symbols.filter(({ type }) => type === 'func').map(({ name }) => name);
    const facts = explainObject({ reference, original, patched: original }, [...names, 'absent']);
    for (const { name, size } of symbols.filter(({ type }) => type === 'func'))
      assert.deepEqual([facts.get(name)?.sizeBefore, facts.get(name)?.sizeAfter], [size, size]);
    assert.deepEqual(facts.get('absent'), { callers: [], traced: false });
    assert.ok(
      [...facts.values()].some(({ callers }) => callers.length > 0),
      'a function of the fixture is called',
    );
  });
});

describe('plainDisassembly', () => {
  it('keeps instructions and what they refer to, not where they stand', () => {
    const text = `
original.o:     file format elf64-x86-64

0000000000000010 <f>:
      10:\tje     1a3 <f+0x193>
      12:\tcall   17 <f+0x7>
\t\t\t13: R_X86_64_PLT32\tkfree-0x4
`;
    assert.equal(plainDisassembly(text), '\tje <f>\n\tcall <f>\n\t\tkfree-0x4\n');
  });
});
