// What the compiler makes of a unit before it compiles: one text with everything it includes.

import { isLabError } from '../../core/error.ts';
import type { OpContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { type Replacement, unitBinds } from '../compile/compile-unit.ts';
import { type KbuildCommand, recompile } from '../compile/kbuild-command.ts';
import { inside, withToolchain, type Workbench } from '../workbench.ts';

/** The text; undefined when the compiler gives up on it. */
export async function preprocessUnit(
  ctx: OpContext,
  bench: Workbench,
  given: { command: KbuildCommand; replacements?: readonly Replacement[]; flags?: readonly string[] },
): Promise<string | undefined> {
  const flags = ['-E', `-I${inside.kpatch}`, ...(given.flags ?? [])];
  const [file = 'gcc', ...args] = recompile(given.command, { flags, output: '-' }).filter((word) => word !== '-c');
  const binds = await unitBinds(bench, given.replacements);
  const command = withToolchain(bench, { argv: [file, ...args], binds });
  try {
    return (await runCommand(command, { signal: ctx.signal })).stdout;
  } catch (error) {
    if (isLabError(error, 'command.failed')) return undefined;
    throw error;
  }
}
