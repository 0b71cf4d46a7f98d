// Builds a hand-written module for the test target with kbuild in its toolroot. For tests that want a module with a known
// fault; the product's builder makes its modules from diffs.

import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../lab/src/core/process.ts';
import { kbuildArgv } from '../../lab/src/kernel/kbuild.ts';
import { inToolroot } from '../../lab/src/toolroot/sandbox.ts';
import { testBuildTree, testKernel } from './stock-kernel.ts';

/** The .ko of test/fixtures/modules/NAME.c. */
export async function buildTestModule(name: string): Promise<Uint8Array> {
  const [{ source, buildTree, toolroot }, { release }] = await Promise.all([testBuildTree(), testKernel()]);
  const directory = await mkdtemp(join(tmpdir(), 'lpl-module-'));
  try {
    await copyFile(new URL(`../fixtures/modules/${name}.c`, import.meta.url), join(directory, `${name}.c`));
    await writeFile(join(directory, 'Makefile'), `obj-m := ${name}.o\n`);
    const argv = kbuildArgv(source, release, `O=${buildTree}`, 'M=/module', 'modules');
    const binds = [
      { host: source, access: 'read' },
      { host: buildTree, access: 'read' },
      { host: directory, inside: '/module', access: 'write' },
    ] as const;
    await runCommand(inToolroot({ argv }, { toolroot, binds }), { signal: AbortSignal.timeout(120_000) });
    return await readFile(join(directory, `${name}.ko`));
  } finally {
    await rm(directory, { recursive: true });
  }
}
