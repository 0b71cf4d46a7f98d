import assert from 'node:assert/strict';
import { placed } from '../../../lab/src/build/check/struct-layout.ts';

const text = `struct inner {
	int value;
};

typedef struct {
	struct inner inner;
} entry;

enum { FIRST, SECOND };

struct outer {
	struct inner inner;
};

#define BOUND 4
`;
const edits = (lines: number[]) => [{ file: 'x.h', text, lines }];
const change = (type: string) => ({ type, change: 'changes' });

describe('placed', () => {
  it('names the type that is edited, not those that hold it', () => {
    const found = placed([change('struct inner'), change('struct outer')], edits([2]));
    assert.deepEqual(found, [{ ...change('struct inner'), file: 'x.h', line: 2 }]);
  });

  it('finds typedefs by their end and enumerators by their list', () => {
    const found = placed([change('typedef entry'), change('enumerator SECOND')], edits([6, 9]));
    assert.deepEqual(
      found.map(({ type, line }) => [type, line]),
      [
        ['typedef entry', 6],
        ['enumerator SECOND', 9],
      ],
    );
  });

  it('keeps every type when none of them is edited itself', () => {
    const found = placed([change('struct inner'), change('struct outer')], edits([15]));
    assert.deepEqual(
      found.map(({ line }) => line),
      [15, 15],
    );
  });
});
