// Which QEMU a machine runs on: the lab's own, or the one that LPL_QEMU names when it is known to be good enough.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { isLabError, LabError } from '../../core/error.ts';
import { type OpContext, runStage } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { qemuProgram } from './lab-root.ts';

/**
 * Why that QEMU is not used; undefined when nothing is known against it. Before 10, under TCG, kernels >= 6.12 die in
 * early boot in 6 to 25 % of boots (measured with 7.2: FACTS 4), and there is no chardev hub for console and log.
 */
export function qemuProblem(version: string): string | undefined {
  const major = Number(version.split('.')[0]);
  if (major >= 10) return undefined;
  return `QEMU ${version} is too old: before 10 it breaks about one boot in five of kernels >= 6.12`;
}

/**
 * Path of the QEMU to use instead of the lab's own; undefined for the lab's own, also when the one asked for is known to
 * be bad (a note says so). Throws `qemu.not-found` when either is missing.
 */
export async function chooseQemu(
  { wished, labRoot }: { wished: string | undefined; labRoot: string },
  ctx: OpContext,
): Promise<string | undefined> {
  await access(join(labRoot, qemuProgram)).catch((error: unknown) => {
    throw new LabError('qemu.not-found', `the lab's own QEMU is gone: ${join(labRoot, qemuProgram)}`, {
      cause: error,
      hint: `delete ${labRoot}; the next command brings it again`,
    });
  });
  if (!wished) return undefined;
  return runStage(ctx, { id: 'qemu', title: `QEMU of LPL_QEMU` }, async (stage) => {
    const version = await readVersion(wished, stage.signal);
    const problem = qemuProblem(version);
    stage.note(problem ? `${problem}; using the lab's own` : `${version}, ${wished}`);
    return problem ? undefined : wished;
  });
}

async function readVersion(program: string, signal: AbortSignal): Promise<string> {
  const argv = [program, '--version'] as const;
  const { stdout } = await runCommand({ argv }, { signal, timeoutMs: 10_000 }).catch((error: unknown) => {
    if (!isLabError(error)) throw error;
    throw new LabError('qemu.not-found', `LPL_QEMU: ${error.message}`, {
      cause: error,
      hint: "name a qemu-system-x86_64, or unset it to use the lab's own",
    });
  });
  const version = /QEMU emulator version (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version) return version;
  throw new LabError('qemu.not-found', `LPL_QEMU: ${program} is not QEMU: it says ${stdout.split('\n')[0]}`, {
    hint: "name a qemu-system-x86_64, or unset it to use the lab's own",
  });
}
