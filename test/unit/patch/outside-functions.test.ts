import assert from 'node:assert/strict';
import { changesOutsideFunctions } from '../../../lab/src/patch/outside-functions.ts';

const source = `#include <linux/fs.h>
struct pair {
	int first;
	int second;
};

struct __attribute__((packed)) tight {
	int first;
};

struct odd __attribute__((packed))
{
	int first;
};

#define TWICE(x) \\
	((x) + \\
	 (x))

module_param(limit, int,
	     0644);
static int table[] = {
	1,
};

static struct dentry *wrapped(struct dentry *parent,
			      const char *name)
{
	if (!name)
		goto out;

#define INSIDE 1
	name++;
out:
	return NULL;
}

static int short_brace(int value) {
	return value;
}
int after;
`;

/** Whether a change of the only line that holds `text` counts. */
function counts(text: string): boolean {
  const lines = source.split('\n');
  const at = lines.findIndex((line) => line.includes(text)) + 1;
  assert.ok(at > 0, text);
  const change = { oldLine: at, oldCount: 1, newLine: at, newCount: 1 };
  return changesOutsideFunctions(source, { text: source, changes: [change] }).length > 0;
}

describe('changesOutsideFunctions', () => {
  for (const text of ['if (!name)', 'goto out', 'name++', 'out:', 'return NULL', 'return value'])
    it(`passes over ${text}`, () => assert.equal(counts(text), false));

  for (const text of [
    '#include',
    'second',
    'tight',
    '((x) +',
    ' (x))',
    '0644',
    '1,',
    'const char *name',
    '#define INSIDE',
  ])
    it(`reports ${text}`, () => assert.equal(counts(text), true));

  it('is not taken in by attributes that look like parameters', () => {
    const at = source.split('\n').indexOf('struct odd __attribute__((packed))') + 3;
    const change = { oldLine: at, oldCount: 1, newLine: at, newCount: 1 };
    assert.deepEqual(changesOutsideFunctions(source, { text: source, changes: [change] }), [at]);
  });

  it('sees a member that is only taken away', () => {
    const text = source.replace('\tint second;\n', '');
    const change = { oldLine: 4, oldCount: 1, newLine: 4, newCount: 0 };
    assert.deepEqual(changesOutsideFunctions(source, { text, changes: [change] }), [4]);
  });

  it('sees a declaration that is added between functions', () => {
    const text = source.replace('int after;', 'struct new {\n\tint value;\n};\nint after;');
    const at = text.split('\n').indexOf('struct new {') + 1;
    const change = { oldLine: at, oldCount: 0, newLine: at, newCount: 3 };
    assert.deepEqual(changesOutsideFunctions(source, { text, changes: [change] }), [at, at + 1, at + 2]);
  });
});
