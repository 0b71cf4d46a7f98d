// How this kernel makes a module: kbuild builds a probe once (kpatch's hook alone), and the commands it records are
// replayed for every livepatch without make, which would take longer than everything else together.

import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureArtefact } from '../core/artefact.ts';
import { withLock } from '../core/lock.ts';
import { type OpContext, runStage, type StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { kbuildArgv } from '../kernel/kbuild.ts';
import { type KbuildCommand, parseCmdFile } from './kbuild-command.ts';
import type { BuildFacts } from './kernel-facts.ts';
import { inside, withToolchain, type Workbench } from './workbench.ts';

export type ModuleRecipe = {
  /** Artefact: kpatch.lds, .module-common.o, and the sources of the hook. */
  directory: string;
  /** Compiles patch-hook.c. */
  hook: KbuildCommand;
  /** Links the parts of a module into one object. */
  object: KbuildCommand;
  modpost: KbuildCommand;
  /** Compiles NAME.mod.c. */
  modSource: KbuildCommand;
  /** Links NAME.ko. */
  module: KbuildCommand;
};

/** Name of the probe in the recorded commands, to be replaced by the livepatch's. */
export const probe = 'lpl_probe';
/** Where the recipe was built, inside the sandbox. */
export const recipeDirectory = '/lpl/recipe';

const makefile = `obj-m := ${probe}.o
${probe}-objs := patch-hook.o
targets += kpatch.lds
$(obj)/${probe}.o: $(obj)/kpatch.lds
`;

/** The bounds of the hook's tables, which kpatch.lds gives to every livepatch but not to the probe. */
const expectedWarning = /^WARNING: modpost: "__kpatch_\w+" .* undefined!$/;

/** The recipe, from the cache or recorded now (3 s). */
export async function ensureModuleRecipe(ctx: OpContext, bench: Workbench, facts: BuildFacts): Promise<ModuleRecipe> {
  const directory = await runStage(ctx, { id: 'recipe', title: 'how this kernel makes a module' }, (stage) =>
    ensureArtefact(stage, { room: bench.room, label: 'module-recipe', inputs: { format: 1 } }, (out) =>
      recordRecipe(stage, bench, facts, out),
    ),
  );
  const read = async (file: string) => parseCmdFile(await readFile(join(directory, file), 'utf8'));
  const files = ['patch-hook.o', `${probe}.o`, 'Module.symvers', `${probe}.mod.o`, `${probe}.ko`];
  const [hook, object, modpost, modSource, module] = await Promise.all(files.map((file) => read(`.${file}.cmd`)));
  return { directory, hook, object, modpost, modSource, module } as ModuleRecipe;
}

async function recordRecipe(ctx: StageContext, bench: Workbench, facts: BuildFacts, out: string): Promise<void> {
  await cp(join(bench.kpatch, 'usr/share/kpatch/patch'), out, { recursive: true });
  await writeFile(join(out, 'Makefile'), makefile);
  const { buildTree, release } = bench.kernel;
  const argv = kbuildArgv(
    buildTree,
    release,
    `M=${recipeDirectory}`,
    // The hook's symbols come from kpatch.lds, which the probe is not linked with.
    ...['KBUILD_MODPOST_WARN=1', `KCFLAGS=-I${inside.kpatch}`],
    // See objtool.ts: not delayed to the link.
    ...['delay-objtool=', `objtool-args=${facts.objtool.join(' ')} --module`],
  );
  const onLine = (text: string) => {
    if (!expectedWarning.test(text)) ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
  };
  const binds = [{ host: out, inside: recipeDirectory, access: 'write' as const }];
  await withLock(bench.tree, { signal: ctx.signal, waitMs: 600_000 }, () =>
    runCommand(withToolchain(bench, { argv, binds, tree: 'write' }), { signal: ctx.signal, onLine }),
  );
}
