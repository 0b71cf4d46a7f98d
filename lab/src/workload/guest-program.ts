// Small C programs for the guest (the agent, reproducers), compiled static in the target's toolroot, so that they run in
// any guest whatever its libc.

import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ensureArtefact } from '../core/artefact.ts';
import { isLabError, LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { inToolroot, type Toolroot } from '../toolroot/sandbox.ts';

/** Returns the path of the static binary. Throws `scenario.invalid` with the compiler's first error. */
export async function ensureGuestProgram(
  ctx: StageContext,
  room: string,
  toolroot: Toolroot,
  sourceFile: string,
): Promise<string> {
  const source = await readFile(sourceFile, 'utf8').catch((error: unknown) => {
    throw new LabError('scenario.invalid', `${sourceFile} cannot be read`, { cause: error });
  });
  const name = basename(sourceFile, '.c');
  const inputs = { source, compiler: basename(toolroot.path), format: 1 };
  const directory = await ensureArtefact(ctx, { room, label: `guest-${name}`, inputs }, async (temporary) => {
    const argv = ['gcc', '-O2', '-Wall', '-static', '-s', '-x', 'c', '-', '-o', join(temporary, name)] as const;
    const command = inToolroot({ argv, stdin: source }, { toolroot, binds: [{ host: temporary, access: 'write' }] });
    await runCommand(command, { signal: ctx.signal, timeoutMs: 60_000 }).catch((error: unknown) => {
      if (!isLabError(error, 'command.failed')) throw error;
      const first = /<stdin>:(\d+):.*error: (.*)/.exec(String(error.details['stderr']));
      const where = first ? `${sourceFile}:${first[1]}: ${first[2]}` : `${sourceFile} does not compile`;
      throw new LabError('scenario.invalid', where, { cause: error, hint: 'mend the program, then run again' });
    });
  });
  return join(directory, name);
}
