// The kernel's own livepatch selftests (tools/testing/selftests/livepatch) of a target's source, with their modules and programs
// built: a directory that is complete for a guest.

import { copyFile, cp, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureArtefact } from '../../core/artefact.ts';
import { LabError } from '../../core/error.ts';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { kbuildArgv } from '../../kernel/kbuild.ts';
import type { TargetKernel } from '../../kernel/target.ts';
import { inToolroot } from '../../toolroot/sandbox.ts';
import { ensureGuestProgram } from '../../workload/guest-program.ts';

type Kernel = Pick<TargetKernel, 'release' | 'source' | 'buildTree' | 'toolroot'>;

const suite = 'livepatch';
const buildMs = 300_000;

/** Returns the directory, made once for a kernel (15 s). Rejects with `scenario.invalid` for a source that brings no modules. */
export async function makeSelftests(
  ctx: StageContext,
  { room, kernel }: { room: string; kernel: Kernel },
): Promise<string> {
  const { source, buildTree, toolroot, release } = kernel;
  const from = join(source, 'tools/testing/selftests');
  const isWhole = await stat(join(from, suite, 'test_modules')).then(Boolean, () => false);
  if (!isWhole)
    throw new LabError('scenario.invalid', `the source of ${release} has no modules for its livepatch selftests`, {
      hint: 'they are in tools/testing/selftests/livepatch since 6.10: take a newer target, or leave out `selftests`',
    });
  const inputs = { release, buildTree, format: 1 };
  return ensureArtefact(ctx, { room, label: `selftests-${release}`, inputs }, async (temporary) => {
    const tests = join(temporary, suite);
    await mkdir(join(temporary, 'kselftest'));
    for (const file of ['runner.sh', 'prefix.pl'])
      await copyFile(join(from, 'kselftest', file), join(temporary, 'kselftest', file));
    await cp(join(from, suite), tests, { recursive: true });
    const binds = [
      { host: source, access: 'read' },
      { host: buildTree, access: 'read' },
      { host: join(tests, 'test_modules'), inside: '/module', access: 'write' },
    ] as const;
    const argv = kbuildArgv(source, release, `O=${buildTree}`, 'M=/module', 'modules');
    await runCommand(inToolroot({ argv }, { toolroot, binds }), { signal: ctx.signal, timeoutMs: buildMs });
    for (const file of (await readdir(tests)).filter((name) => /^test_.*\.c$/.test(name))) {
      const program = await ensureGuestProgram(ctx, room, toolroot, join(tests, file));
      await copyFile(program, join(tests, file.replace(/\.c$/, '')));
    }
  });
}
