// Which function stands around a line, and what it was.

import assert from 'node:assert/strict';
import { changedFunctionAt } from '../../../extension/src/source/changed-function.ts';

const pristine = `#include <linux/init.h>

static int __init first_init(void)
{
	int on = 0;

	setup(on);
	return 0;
}

static int
second(int a,
       int b)
{
	return a + b;
}

SYSCALL_DEFINE1(third, int, fd)
{
	return fd;
}
`;

/** With every place of `from` changed into `to`. */
const edited = (...edits: [from: string, to: string][]) =>
  edits.reduce((text, [from, to]) => text.replaceAll(from, to), pristine);
const lineWith = (text: string, part: string) => text.split('\n').findIndex((line) => line.includes(part));

/** The text after the function around `part` was put back. */
function putBack(after: string, part: string): string | undefined {
  const found = changedFunctionAt(pristine, after, lineWith(after, part));
  if (!found) return undefined;
  const lines = after.split(/(?<=\n)/);
  lines.splice(found.from, found.to - found.from, found.before);
  return lines.join('');
}

describe('changedFunctionAt', () => {
  it('takes back all that was changed in the function, and nothing else', () => {
    const other: [string, string] = ['return a + b;', 'return a - b;'];
    const after = edited(['int on = 0;', 'int on = 1;\n\tint more;'], ['return 0;', 'return on;'], other);
    for (const part of ['first_init', 'int more', 'return on', 'setup'])
      assert.equal(putBack(after, part), edited(other), part);
  });

  it('knows a head of several lines, and a system call', () => {
    const after = edited(['return a + b;', 'return a;'], ['return fd;', 'return -fd;']);
    assert.equal(putBack(after, '       int b)'), edited(['return fd;', 'return -fd;']));
    assert.equal(putBack(after, 'SYSCALL_DEFINE1'), edited(['return a + b;', 'return a;']));
  });

  it('has nothing to say of a function that is as it was, is new, or stands twice, nor outside of functions', () => {
    const after = edited(
      ['return 0;', 'return 1;'],
      ['SYSCALL', 'static int added(void)\n{\n\treturn 2;\n}\n\nSYSCALL'],
    );
    for (const part of ['return fd', 'return 2', '#include']) assert.equal(putBack(after, part), undefined, part);
    const twice = `${after}\nstatic int __init first_init(void)\n{\n\treturn 3;\n}\n`;
    assert.equal(putBack(twice, 'return 1;'), undefined);
  });
});
