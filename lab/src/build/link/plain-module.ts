// A module written by hand, built by the target's own kbuild: the lab's test equipment, no livepatch of a user.

import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ensureArtefact } from '../../core/artefact.ts';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { compilerWords, kbuildArgv } from '../../kernel/kbuild.ts';
import { buildTreeIdentity, type TargetKernel } from '../../kernel/target.ts';
import { inToolroot } from '../../toolroot/sandbox.ts';

type Kernel = Pick<TargetKernel, 'kind' | 'artefact' | 'release' | 'source' | 'buildTree' | 'toolroot'>;

/** The path of NAME.ko, from the cache or built from NAME.c now (3 s). Rejects with `command.failed`. */
export async function ensurePlainModule(
  ctx: StageContext,
  { room, kernel, sourceFile }: { room: string; kernel: Kernel; sourceFile: string },
): Promise<string> {
  const name = basename(sourceFile, '.c');
  const source = await readFile(sourceFile, 'utf8');
  const inputs = { source, release: kernel.release, buildTree: buildTreeIdentity(kernel), format: 1 };
  const directory = await ensureArtefact(ctx, { room, label: `module-${name}`, inputs }, async (temporary) => {
    await copyFile(sourceFile, join(temporary, `${name}.c`));
    await writeFile(join(temporary, 'Makefile'), `obj-m := ${name}.o\n`);
    const words = [...compilerWords(kernel.toolroot), `O=${kernel.buildTree}`, 'M=/module', 'modules'];
    const argv = kbuildArgv(kernel.source, kernel.release, ...words);
    const binds = [
      { host: kernel.source, access: 'read' },
      { host: kernel.buildTree, access: 'read' },
      { host: temporary, inside: '/module', access: 'write' },
    ] as const;
    await runCommand(inToolroot({ argv }, { toolroot: kernel.toolroot, binds }), { signal: ctx.signal });
  });
  return join(directory, `${name}.ko`);
}
