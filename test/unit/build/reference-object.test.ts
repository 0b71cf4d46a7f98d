import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { doesNotCompile, failedObjects } from '../../../lab/src/build/compile/reference-object.ts';
import { archLists, findIncluded, readWalk } from '../../../lab/src/kernel/configured-objects.ts';

describe('failedObjects', () => {
  it('tells what make -k had to pass over', () => {
    const stderr = `make[5]: *** No rule to make target 'arch/arm64/kernel/setup.o'.
/src/fs/x.c:1:10: fatal error: missing.h: No such file or directory
make[5]: *** [/src/scripts/Makefile.build:229: fs/x.o] Error 1
make[4]: *** [/src/scripts/Makefile.build:478: fs] Error 2
make[4]: Target 'fs/x.o' not remade because of errors.
`;
    const failed = failedObjects(`${stderr}make[3]: *** [/src/scripts/Makefile.build:229: fs/z.o] Killed\n`);
    assert.deepEqual(
      ['arch/arm64/kernel/setup.o', 'fs/x.o', 'fs/y.o', 'fs/z.o'].map((object) => failed.get(object)),
      ['no-rule', 'broken', undefined, 'broken'],
    );
  });
});

describe('doesNotCompile', () => {
  it('quotes the first error, or what else was said', () => {
    const said = '/src/fs/x.c:3:1: warning: w\n/src/fs/x.c:9:10: fatal error: missing.h: No such file or directory\n';
    assert.equal(
      doesNotCompile('fs/x.c', said).message,
      'fs/x.c of the target does not compile: x.c:9: missing.h: No such file or directory',
    );
    assert.match(doesNotCompile('fs/x.c', 'objtool: died\nmake: ***\n').message, /does not compile: objtool: died$/);
  });
});

describe('archLists', () => {
  it('are the lists of directories in a Makefile, and nothing else of it', () => {
    const lists = ['libs-y\t\t:= lib/', 'drivers-$(CONFIG_PCI)            += arch/x86/pci/', 'core-y :='];
    const rest = ['include-y := scripts/Makefile.warn', 'export ARCH_CORE\t:= $(core-y)', '\tlibs-y += x/'];
    assert.deepEqual(archLists([...lists, ...rest].join('\n')), lists);
  });
});

describe('readWalk', () => {
  const top = ['.!', 'usr/a.o | init arch/x86 '] as const;
  const init = ['init!', 'init/main.o | '] as const;

  it('finds the source of an object, also of one that another directory builds', () => {
    const x86 = ['arch!x86!', 'arch/x86/kvm/../../../virt/kvm/eventfd.o arch/x86/head.o |\n'] as const;
    assert.deepEqual(readWalk(new Map([init, top, x86])), {
      objects: {
        'usr/a.c': 'usr/a.o',
        'init/main.c': 'init/main.o',
        'virt/kvm/eventfd.c': 'arch/x86/kvm/../../../virt/kvm/eventfd.o',
        'arch/x86/head.c': 'arch/x86/head.o',
      },
      untold: [],
    });
  });

  it('names a directory that told nothing', () => {
    assert.deepEqual(readWalk(new Map([top, init])).untold, ['arch/x86']);
    assert.deepEqual(readWalk(new Map()).untold, ['.']);
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
