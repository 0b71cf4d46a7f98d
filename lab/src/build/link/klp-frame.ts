// The module frame of upstream's klp-build: the kernel's own scripts/livepatch/init.c, which builds klp_patch from the tables
// that `objtool klp diff` writes.

import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../core/process.ts';
import type { ModuleFrame } from './module-frame.ts';
import { inside, withToolchain } from '../workbench.ts';

export const klpFrame: ModuleFrame = {
  write: async ({ kernel }, { directory, probe }) => {
    await copyFile(join(kernel.source, 'scripts/livepatch/init.c'), join(directory, 'init.c'));
    await writeFile(join(directory, 'Makefile'), `obj-m := ${probe}.o\n${probe}-y := init.o\n`);
  },
  object: 'init.o',
  makeWords: () => [],
  flags: (replace) => ['-ffunction-sections', '-fdata-sections', ...(replace ? [] : ['-DKLP_NO_REPLACE'])],
  objtool: 'module',
  finish: async (ctx, bench, { out, name }) => {
    await copyFile(join(out, 'linked.ko'), join(out, `${name}.ko`));
    // Turns the marks of klp diff, which a linker would not preserve, into the relocations that the kernel reads.
    const argv = ['tools/objtool/objtool', 'klp', 'post-link', `${inside.out}/${name}.ko`] as const;
    await runCommand(withToolchain(bench, { argv, out }), { signal: ctx.signal });
  },
};
