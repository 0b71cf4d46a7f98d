// Compiles one translation unit with the command kbuild recorded for it, each function and datum in a section of its own,
// so that they can be compared one by one.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpContext } from '../../core/operation.ts';
import { hostRefusal } from '../../core/host-refusal.ts';
import { commandFailed, runCommand } from '../../core/process.ts';
import type { Bind } from '../../toolroot/sandbox.ts';
import { type KbuildCommand, recompile } from './kbuild-command.ts';
import { inside, withToolchain, type Workbench } from '../workbench.ts';

/** A file of the kernel tree, and the host file that the compiler sees in its place. */
export type Replacement = { path: string; host: string };

export type UnitInput = {
  command: KbuildCommand;
  /** What stands in for files of the pristine source. */
  replacements?: readonly Replacement[];
  /** Host directory for the output. */
  out: string;
};

const sections = ['-ffunction-sections', '-fdata-sections', `-I${inside.kpatch}`];

/** Compiles to `out/name`. Returns the compiler's messages when it does not compile. */
export async function compileUnit(
  ctx: OpContext,
  bench: Workbench,
  { command, replacements, out, name, flags = [] }: UnitInput & { name: string; flags?: readonly string[] },
): Promise<{ messages: string } | undefined> {
  const binds = await unitBinds(bench, replacements);
  const [file, ...args] = recompile(command, { output: `${inside.out}/${name}`, flags: [...sections, ...flags] }) as [
    string,
  ];
  // Exit code 1 is an answer, with all that the compiler said; an error would keep its end only.
  const compile = withToolchain(bench, { argv: [file, ...args], out, binds, okCodes: [0, 1] });
  const result = await runCommand(compile, { signal: ctx.signal });
  if (result.exitCode === 0) return undefined;
  if (hostRefusal(result.stderr) || !result.stderr.includes('error:')) throw commandFailed(compile, result);
  return { messages: result.stderr };
}

/** The patched files over their originals, and the cure for runtime constants. */
export async function unitBinds({ kernel }: Workbench, replacements: readonly Replacement[] = []): Promise<Bind[]> {
  const patched = replacements.map(({ path, host }): Bind => ({
    host,
    inside: join(kernel.source, path),
    access: 'read',
  }));
  // Runtime constants are placeholders in code that the kernel overwrites at boot, in vmlinux only; in a livepatch they
  // would stay and crash the machine. The generic header reads the variables instead.
  const special = join(kernel.source, 'arch/x86/include/asm/runtime-const.h');
  const generic = join(kernel.source, 'include/asm-generic/runtime-const.h');
  const hasBoth = await Promise.all([special, generic].map((file) => access(file))).then(
    () => true,
    () => false,
  );
  return hasBoth ? [...patched, { host: generic, inside: special, access: 'read' }] : patched;
}
