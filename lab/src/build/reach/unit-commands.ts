// How the target compiles its units, without compiling them: kbuild is asked what it would do, and tells thousands of
// commands in seconds. Units it has made already have their record.

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withLock } from '../../core/lock.ts';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { kbuildArgv } from '../../kernel/kbuild.ts';
import { type KbuildCommand, parseCmdFile, parseShellLine } from '../compile/kbuild-command.ts';
import { withToolchain, type Workbench } from '../workbench.ts';

/** What fits into the output of one run. */
const batch = 1000;

/** By name of the object. Those that kbuild does not make are missing. */
export async function unitCommands(
  ctx: StageContext,
  bench: Workbench,
  objects: readonly string[],
): Promise<Map<string, KbuildCommand>> {
  const commands = new Map<string, KbuildCommand>();
  const onWait = (holder: string) => ctx.waiting(`the build tree, in use by ${holder}`);
  // Even so kbuild writes: it tries options of the compiler.
  await withLock(bench.tree, { signal: ctx.signal, waitMs: 600_000, onWait }, async () => {
    const missing: string[] = [];
    for (const object of objects) {
      const made = await recorded(bench, object);
      if (made) commands.set(object, made);
      else missing.push(object);
    }
    for (let at = 0; at < missing.length; at += batch) {
      const said = await askKbuild(ctx, bench, missing.slice(at, at + batch));
      for (const [object, command] of readDryRun(said)) commands.set(object, command);
    }
  });
  return commands;
}

async function recorded({ tree }: Workbench, object: string): Promise<KbuildCommand | undefined> {
  const beside = join(tree, dirname(object), `.${basename(object)}`);
  const isMade = (await readFile(`${beside}.lpl`, 'utf8').catch(() => '')) === 'made';
  return isMade ? parseCmdFile(await readFile(`${beside}.cmd`, 'utf8')) : undefined;
}

async function askKbuild(ctx: StageContext, bench: Workbench, objects: readonly string[]): Promise<string> {
  const { source, buildTree, release } = bench.kernel;
  const argv = kbuildArgv(source, release, `O=${buildTree}`, '-n', '-k', ...objects);
  const command = { ...withToolchain(bench, { argv, tree: 'write' }), okCodes: [0, 2] };
  return (await runCommand(command, { signal: ctx.signal })).stdout;
}

/** The compilations that `make -n` tells of, each the part of a shell line that ends in `-c -o OBJECT SOURCE`. */
export function* readDryRun(stdout: string): Generator<[object: string, command: KbuildCommand]> {
  for (const line of stdout.split('\n')) {
    const found = /(?:^|; )(gcc (?:[^;']|'[^']*')* -c -o (\S+\.o) \S+\.c)\s*(?:;|$)/.exec(line);
    if (found?.[1] && found[2]) yield [found[2], { argv: parseShellLine(found[1]), symvers: [] }];
  }
}
