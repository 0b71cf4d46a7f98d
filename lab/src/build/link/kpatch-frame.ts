// The module frame of kpatch: its hook, which builds klp_patch from the tables of create-diff-object, and its linker script,
// which gives these tables their bounds.

import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../core/process.ts';
import type { ModuleFrame } from './module-frame.ts';
import { unitFlags } from '../compile/objtool.ts';
import { inside, withKpatch } from '../workbench.ts';

const makefile = (probe: string) => `obj-m := ${probe}.o
${probe}-objs := patch-hook.o
targets += kpatch.lds
$(obj)/${probe}.o: $(obj)/kpatch.lds
`;

export const kpatchFrame: ModuleFrame = {
  write: async (bench, { directory, probe }) => {
    await cp(join(bench.kpatch, 'usr/share/kpatch/patch'), directory, { recursive: true });
    await writeFile(join(directory, 'Makefile'), makefile(probe));
  },
  object: 'patch-hook.o',
  makeWords: ({ objtool }) => [
    // The hook's symbols come from kpatch.lds, which the probe is not linked with.
    ...['KBUILD_MODPOST_WARN=1', `KCFLAGS=-I${inside.kpatch}`],
    // See objtool.ts: not delayed to the link.
    ...['delay-objtool=', `objtool-args=${unitFlags(objtool).join(' ')} --module`],
  ],
  // The bounds of the hook's tables, which kpatch.lds gives to every livepatch but not to the probe.
  expectedWarning: /^WARNING: modpost: "__kpatch_\w+" .* undefined!$/,
  flags: (replace) => [`-DKLP_REPLACE_ENABLE=${replace}`],
  objtool: 'frame',
  script: 'kpatch.lds',
  finish: async (ctx, bench, { out, name }) => {
    const at = (file: string) => `${inside.out}/${file}`;
    const argv = ['create-klp-module', '--no-klp-arch-sections', at('linked.ko'), at(`${name}.ko`)] as const;
    await runCommand(withKpatch(bench, { argv, out }), { signal: ctx.signal });
  },
};
