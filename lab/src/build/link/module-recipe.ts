// How this kernel makes a module: kbuild builds a probe once (the frame of a livepatch alone), and the commands it records
// are replayed for every livepatch without make, which would take longer than everything else together.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureArtefact } from '../../core/artefact.ts';
import { withLock } from '../../core/lock.ts';
import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { compilerWords, kbuildArgv } from '../../kernel/kbuild.ts';
import { type KbuildCommand, parseCmdFile } from '../compile/kbuild-command.ts';
import type { BuildFacts } from '../kernel-facts.ts';
import type { ModuleFrame } from './module-frame.ts';
import { withToolchain, type Workbench } from '../workbench.ts';

export type ModuleRecipe = {
  /** Artefact: the sources of the frame, and what the probe's link took besides. */
  directory: string;
  /** Compiles the frame's code. */
  frame: KbuildCommand;
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

/** The recipe, from the cache or recorded now (3 s). */
export async function ensureModuleRecipe(
  ctx: OpContext,
  bench: Workbench,
  given: { frame: ModuleFrame; facts: BuildFacts },
): Promise<ModuleRecipe> {
  const directory = await runStage(ctx, { id: 'recipe', title: 'how this kernel makes a module' }, (stage) =>
    ensureArtefact(stage, { room: bench.room, label: 'module-recipe', inputs: { format: 2 } }, (out) =>
      recordRecipe(stage, bench, { ...given, out }),
    ),
  );
  const names = await readdir(directory);
  const read = async (file: string) =>
    fromAnywhere(parseCmdFile(await readFile(join(directory, `.${file}.cmd`), 'utf8')), names);
  const files = [given.frame.object, `${probe}.o`, 'Module.symvers', `${probe}.mod.o`, `${probe}.ko`];
  const [frame, object, modpost, modSource, module] = await Promise.all(files.map(read));
  return {
    directory,
    frame,
    object,
    modpost: withoutPipe(modpost as KbuildCommand),
    modSource,
    module,
  } as ModuleRecipe;
}

/** From 6.13 on kbuild works in the module's directory and names its files relative to it. */
function fromAnywhere(command: KbuildCommand, names: readonly string[]): KbuildCommand {
  if (command.argv[command.argv.lastIndexOf('-o') + 1]?.startsWith('/')) return command;
  const known = new Set(names);
  const absolute = (word: string) =>
    word.replace(/^(@?)(.+)$/, (all, at: string, name: string) =>
      known.has(name) ? `${at}${recipeDirectory}/${name}` : all,
    );
  return { ...command, argv: command.argv.map(absolute) };
}

/** 6.1 pipes the list of modules into modpost, with the names of objects instead of modules; modpost can read it as well. */
function withoutPipe({ argv, symvers }: KbuildCommand): KbuildCommand {
  const words = argv.slice(argv.lastIndexOf('|') + 1);
  const list = words.indexOf('-T') + 1;
  return { argv: words.map((word, index) => (index === list ? `${recipeDirectory}/modules.order` : word)), symvers };
}

type Recording = { frame: ModuleFrame; facts: BuildFacts; out: string };

async function recordRecipe(ctx: StageContext, bench: Workbench, { frame, facts, out }: Recording): Promise<void> {
  await frame.write(bench, { directory: out, probe });
  const { buildTree, release, toolroot } = bench.kernel;
  const words = [...compilerWords(toolroot), `M=${recipeDirectory}`, ...frame.makeWords(facts)];
  const argv = kbuildArgv(buildTree, release, ...words);
  const onLine = (text: string) => {
    if (!frame.expectedWarning?.test(text)) ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
  };
  const binds = [{ host: out, inside: recipeDirectory, access: 'write' as const }];
  await withLock(bench.tree, { signal: ctx.signal, waitMs: 600_000 }, () =>
    runCommand(withToolchain(bench, { argv, binds, tree: 'write' }), { signal: ctx.signal, onLine }),
  );
}
