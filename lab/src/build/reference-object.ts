// The reference object of a translation unit: what kbuild makes of the pristine source with the target's own flags. kbuild
// runs once per unit; its recorded command serves every later compilation.

import { copyFile, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isLabError } from '../core/error.ts';
import { withLock } from '../core/lock.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { kbuildArgv } from '../kernel/kbuild.ts';
import { type KbuildCommand, parseCmdFile } from './kbuild-command.ts';
import { withToolchain, type Workbench } from './workbench.ts';

/** Makes the object, copies it to `out`. Returns its command, or undefined when kbuild cannot make such an object. */
export async function makeReference(
  ctx: StageContext,
  bench: Workbench,
  { path, out }: { path: string; out: string },
): Promise<KbuildCommand | undefined> {
  const object = path.replace(/\.c$/, '.o');
  const onWait = (holder: string) => ctx.waiting(`the build tree, in use by ${holder}`);
  return withLock(bench.tree, { signal: ctx.signal, waitMs: 600_000, onWait }, async () => {
    if (!(await runMake(ctx, bench, object))) return undefined;
    await copyFile(join(bench.tree, object), out);
    const record = join(bench.tree, dirname(object), `.${basename(object)}.cmd`);
    return parseCmdFile(await readFile(record, 'utf8'));
  });
}

async function runMake(ctx: StageContext, bench: Workbench, object: string): Promise<boolean> {
  const { source, buildTree, release } = bench.kernel;
  const argv = kbuildArgv(source, release, `O=${buildTree}`, object);
  try {
    const { stdout, stderr } = await runCommand(withToolchain(bench, { argv, tree: 'write' }), { signal: ctx.signal });
    // Told only now: an attempt that may fail must not look like a failure.
    for (const text of `${stdout}\n${stderr}`.split('\n'))
      if (text) ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
    return true;
  } catch (error) {
    const stderr = isLabError(error, 'command.failed') ? String(error.details['stderr']) : '';
    // The configuration does not build this file: kbuild does not go there, or it lacks what only another one provides.
    if (/No rule to make target|error:/.test(stderr)) return false;
    throw error;
  }
}
