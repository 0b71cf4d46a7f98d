import assert from 'node:assert/strict';
import { findDefinition, findFunction } from '../../../lab/src/patch/find-function.ts';

const source = `#include <linux/fs.h>

static int simple(int value)
{
	if (value)
		return 1;
	return 0;
}

static struct dentry *wrapped(struct dentry *parent,
			      const char *name)
{
	simple(1);
	return NULL;
}

SYSCALL_DEFINE2(demo, int, fd, int, flags)
{
	return 0;
}

COMPAT_SYSCALL_DEFINE1(demo, int, fd)
{
	return 1;
}

static const struct file_operations ops = {
	.owner = THIS_MODULE,
};
`;

describe('findFunction', () => {
  for (const [line, name] of [
    [5, 'simple'],
    [3, 'simple'],
    [13, 'wrapped'],
    [11, 'wrapped'],
    [19, '__do_sys_demo'],
    [1, undefined],
    [9, undefined],
    [24, '__do_compat_sys_demo'],
    [28, undefined],
  ] as const)
    it(`line ${line} is in ${name ?? 'no function'}`, () => assert.equal(findFunction(source, line), name));

  it('finds where a function is defined, not where it is called', () => {
    assert.equal(findDefinition(source, 'simple'), 3);
    assert.equal(findDefinition(source, 'wrapped'), 10);
    assert.equal(findDefinition(source, '__do_sys_demo'), 17);
    assert.equal(findDefinition(source, '__do_compat_sys_demo'), 22);
    assert.equal(findDefinition(source, 'absent'), undefined);
  });
});
