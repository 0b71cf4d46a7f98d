// Compiles one translation unit with the command kbuild recorded for it, each function and datum in a section of its own,
// so that they can be compared one by one.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpContext } from '../core/operation.ts';
import { commandFailed, runCommand } from '../core/process.ts';
import type { Bind } from '../toolroot/sandbox.ts';
import { type KbuildCommand, recompile } from './kbuild-command.ts';
import { inside, withToolchain, type Workbench } from './workbench.ts';

export type UnitInput = {
  command: KbuildCommand;
  /** Path in the kernel tree. */
  path: string;
  /** Host file that stands in for the source; the pristine source when absent. */
  replacement?: string;
  /** Host directory for the output. */
  out: string;
};

const sections = ['-ffunction-sections', '-fdata-sections', `-I${inside.kpatch}`];

/** Compiles to `out/name`. Returns the compiler's messages when it does not compile. */
export async function compileUnit(
  ctx: OpContext,
  bench: Workbench,
  { command, path, replacement, out, name, flags = [] }: UnitInput & { name: string; flags?: readonly string[] },
): Promise<{ messages: string } | undefined> {
  const binds = await unitBinds(bench, path, replacement);
  const [file, ...args] = recompile(command, { output: `${inside.out}/${name}`, flags: [...sections, ...flags] }) as [
    string,
  ];
  // Exit code 1 is an answer, with all that the compiler said; an error would keep its end only.
  const compile = withToolchain(bench, { argv: [file, ...args], out, binds, okCodes: [0, 1] });
  const result = await runCommand(compile, { signal: ctx.signal });
  if (result.exitCode === 0) return undefined;
  if (!result.stderr.includes('error:')) throw commandFailed(compile, result);
  return { messages: result.stderr };
}

/** The patched file over its original, and the cure for runtime constants. */
export async function unitBinds({ kernel }: Workbench, path: string, replacement?: string): Promise<Bind[]> {
  const patched: Bind[] = replacement ? [{ host: replacement, inside: join(kernel.source, path), access: 'read' }] : [];
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
