import assert from 'node:assert/strict';
import { lintPath } from '../../../lab/src/patch/lint-path.ts';

describe('lintPath', () => {
  for (const [path, kind] of [
    ['fs/binfmt_misc.c', 'unit'],
    ['arch/x86/kernel/process.c', 'unit'],
    ['drivers/net/library/x.c', 'unit'],
    ['include/linux/fs.h', 'header'],
    ['tools/testing/selftests/livepatch/test.sh', 'aside'],
    ['Documentation/livepatch/livepatch.rst', 'aside'],
    ['../../etc/passwd', 'escape'],
    ['fs/../../etc/passwd', 'escape'],
    ['/etc/passwd', 'escape'],
    ['', 'escape'],
    ['lib/string.c', 'unpatchable'],
    ['arch/x86/lib/copy_mc.c', 'unpatchable'],
    ['arch/x86/entry/entry_64.S', 'unpatchable'],
    ['arch/x86/entry/vdso/vma.c', 'unpatchable'],
    ['arch/x86/boot/main.c', 'unpatchable'],
    ['fs/Kconfig', 'unpatchable'],
    ['fs/Makefile', 'unpatchable'],
  ] as const)
    it(`${path || 'no path'}: ${kind}`, () => assert.equal(lintPath(path).kind, kind));
});
