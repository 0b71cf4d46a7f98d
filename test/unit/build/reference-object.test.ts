import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failedObjects } from '../../../lab/src/build/compile/reference-object.ts';
import { findIncluded, readWalk } from '../../../lab/src/kernel/configured-objects.ts';

describe('failedObjects', () => {
  it('tells what make -k had to pass over', () => {
    const stderr = `make[5]: *** No rule to make target 'arch/arm64/kernel/setup.o'.
/src/fs/x.c:1:10: fatal error: missing.h: No such file or directory
make[5]: *** [/src/scripts/Makefile.build:229: fs/x.o] Error 1
make[4]: *** [/src/scripts/Makefile.build:478: fs] Error 2
make[4]: Target 'fs/x.o' not remade because of errors.
`;
    const failed = failedObjects(stderr);
    assert.deepEqual(
      ['arch/arm64/kernel/setup.o', 'fs/x.o', 'fs/y.o'].map((object) => failed.has(object)),
      [true, true, false],
    );
  });
});

describe('readWalk', () => {
  it('finds the source of an object, also of one that another directory builds', () => {
    const stdout = 'lpl init/main.o\nlpl arch/x86/kvm/../../../virt/kvm/eventfd.o\nwarning: lpl x.o\n';
    assert.deepEqual(readWalk(stdout), {
      'init/main.c': 'init/main.o',
      'virt/kvm/eventfd.c': 'arch/x86/kvm/../../../virt/kvm/eventfd.o',
    });
  });
});

describe('findIncluded', () => {
  it('finds C files that are compiled as a part of another', async () => {
    const source = mkdtempSync(join(tmpdir(), 'lpl-source-'));
    mkdirSync(join(source, 'kernel/sched'), { recursive: true });
    const text = '#include <linux/psi.h>\n#include "psi.c"\n# include "../fork.c"\n';
    writeFileSync(join(source, 'kernel/sched/build.c'), text);
    const found = await findIncluded(source, ['kernel/sched/build.c', 'kernel/fork.c', 'arch/x86/entry/entry.c']);
    assert.deepEqual(found, {
      'kernel/sched/psi.c': ['kernel/sched/build.c'],
      'kernel/fork.c': ['kernel/sched/build.c'],
    });
    rmSync(source, { recursive: true });
  });
});
