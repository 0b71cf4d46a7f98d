// The kernel's own livepatch selftests (tools/testing/selftests/livepatch), of the source of the test target, with their
// modules built: a directory that is complete for a guest.

import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../lab/src/core/process.ts';
import { kbuildArgv } from '../../lab/src/kernel/kbuild.ts';
import { inToolroot } from '../../lab/src/toolroot/sandbox.ts';
import { testBuildTree, testKernel } from './stock-kernel.ts';

/** Makes `directory`. */
export async function makeLivepatchSelftests(directory: string): Promise<void> {
  const [{ source, buildTree, toolroot }, { release }] = await Promise.all([testBuildTree(), testKernel()]);
  await cp(join(source, 'tools/testing/selftests/livepatch'), directory, { recursive: true });
  const argv = kbuildArgv(source, release, `O=${buildTree}`, 'M=/module', 'modules');
  const binds = [
    { host: source, access: 'read' },
    { host: buildTree, access: 'read' },
    { host: join(directory, 'test_modules'), inside: '/module', access: 'write' },
  ] as const;
  await runCommand(inToolroot({ argv }, { toolroot, binds }), { signal: AbortSignal.timeout(120_000) });
}
