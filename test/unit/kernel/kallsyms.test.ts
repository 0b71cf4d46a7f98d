import assert from 'node:assert/strict';
import { parseKallsyms } from '../../../lab/src/kernel/kallsyms.ts';

const text = `0000000000000000 A fixed_percpu_data
ffffffff81000000 t show
ffffffff81000040 T entry
ffffffff81000050 t show
ffffffffc0000000 t of_a_module\t[binfmt_misc]
`;

describe('parseKallsyms', () => {
  const { symbols, byName } = parseKallsyms(text);

  it('keeps order and duplicates', () => {
    assert.deepEqual(
      symbols.map(({ name, kind }) => `${kind} ${name}`),
      ['A fixed_percpu_data', 't show', 'T entry', 't show'],
    );
    assert.deepEqual(byName.get('show'), [-0x7f000000, -0x7effffb0]);
  });

  it('leaves module symbols out', () => assert.equal(byName.has('of_a_module'), false));
});
