// Links the changed functions of all units and the frame into a livepatch module, by replaying recorded commands.

import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureArtefact } from '../../core/artefact.ts';
import type { Argv } from '../../core/command.ts';
import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { importNamespaces } from './import-namespaces.ts';
import { recompile } from '../compile/kbuild-command.ts';
import type { BuildFacts } from '../kernel-facts.ts';
import type { ModuleFrame } from './module-frame.ts';
import { type ModuleRecipe, probe, recipeDirectory } from './module-recipe.ts';
import { linkFlags, runObjtool, unitFlags } from '../compile/objtool.ts';
import { inside, withToolchain, type Workbench } from '../workbench.ts';

/** The frame's own code, compiled for a module of that name. `replace`: atomic replace of all earlier livepatches. */
export async function ensureFrameObject(
  ctx: OpContext,
  bench: Workbench,
  given: { frame: ModuleFrame; recipe: ModuleRecipe; facts: BuildFacts; moduleName: string; replace: boolean },
): Promise<string> {
  const { frame, recipe, facts, moduleName, replace } = given;
  const inputs = { moduleName, replace, format: 2 };
  const directory = await runStage(ctx, { id: 'hook', title: 'module frame' }, (stage) =>
    ensureArtefact(stage, { room: bench.room, label: `hook-${moduleName}`, inputs }, async (out) => {
      const command = { ...recipe.frame, argv: rename(recipe.frame.argv, moduleName) };
      const argv = recompile(command, { flags: frame.flags(replace), output: `${inside.out}/frame.o` });
      await runCommand(onRecipe(bench, recipe, argv, out), { signal: stage.signal });
      if (frame.objtool === 'frame')
        await runObjtool(stage, bench, { out, name: 'frame.o', module: true, flags: unitFlags(facts.objtool) });
    }),
  );
  return join(directory, 'frame.o');
}

export type LinkGiven = {
  frame: ModuleFrame;
  recipe: ModuleRecipe;
  facts: BuildFacts;
  moduleName: string;
  /** Host path of the frame's object. */
  frameObject: string;
  /** Extracted objects, relative to `out`. */
  objects: readonly string[];
  /** Host directory that holds the objects; gets `NAME.ko`. */
  out: string;
};

/** Links `out/NAME.ko`. Returns its path, and what objtool says about it. */
export async function linkModule(
  ctx: StageContext,
  bench: Workbench,
  given: LinkGiven,
): Promise<{ module: string; warnings: string[] }> {
  const { frame, recipe, moduleName: name, out } = given;
  const run = (argv: string[]) => runCommand(onRecipe(bench, recipe, argv, out), { signal: ctx.signal });
  const at = (file: string) => `${inside.out}/${file}`;
  await copyFile(given.frameObject, join(out, 'frame.o'));
  await importNamespaces(ctx, bench, given);
  await run([
    ...upTo(recipe.object.argv, '-o'),
    ...(frame.script ? ['-T', `${recipeDirectory}/${frame.script}`] : []),
    ...['-o', at(`${name}.o`), at('frame.o')],
    ...given.objects.map(at),
  ]);
  const whole = { out, name: `${name}.o`, module: true, flags: linkFlags(given.facts.objtool) };
  const warnings = frame.objtool === 'module' ? await runObjtool(ctx, bench, whole) : [];
  await writeFile(join(out, 'modules.order'), `${at(`${name}.o`)}\n`);
  await writeFile(join(out, `${name}.mod`), `${at(`${name}.o`)}\n`);
  // modpost looks there for the versions of exported symbols; a livepatch exports none.
  await writeFile(join(out, `.${name}.o.cmd`), '');
  await run(inOut(recipe.modpost.argv, name));
  await compileModSource(ctx, bench, given);
  const { argv } = recipe.module;
  // The common part of every module is compiled with debug information: -S leaves it out.
  await run([
    ...rename(upTo(argv, '-o'), name),
    '-S',
    '-o',
    at('linked.ko'),
    ...rename(argv.slice(argv.indexOf('-o') + 2), name),
  ]);
  await frame.finish(ctx, bench, { out, name });
  return { module: join(out, `${name}.ko`), warnings };
}

/** NAME.mod.c holds the module's name and the versions of its imports, which most edits of a patch leave as they are. */
async function compileModSource(
  ctx: StageContext,
  bench: Workbench,
  { recipe, moduleName, out }: LinkGiven,
): Promise<void> {
  const source = await readFile(join(out, `${moduleName}.mod.c`), 'utf8');
  const request = { room: bench.room, label: `mod-${moduleName}`, inputs: { source, format: 1 } };
  const quiet = { ...ctx, cached: () => undefined };
  const directory = await ensureArtefact(quiet, request, async (made) => {
    await copyFile(join(out, `${moduleName}.mod.c`), join(made, `${moduleName}.mod.c`));
    const command = { ...recipe.modSource, argv: rename(recipe.modSource.argv, moduleName) };
    const argv = recompile(command, { flags: [], output: `${inside.out}/${moduleName}.mod.o` });
    await runCommand(onRecipe(bench, recipe, argv, made), { signal: ctx.signal });
  });
  await copyFile(join(directory, `${moduleName}.mod.o`), join(out, `${moduleName}.mod.o`));
}

function onRecipe(bench: Workbench, { directory }: ModuleRecipe, argv: string[], out: string) {
  const binds = [{ host: directory, inside: recipeDirectory, access: 'read' as const }];
  return withToolchain(bench, { argv: argv as unknown as Argv, out, binds });
}

/** The probe's files become those of the module in /lpl/out, and its name the module's. */
const rename = (argv: readonly string[], name: string) =>
  argv.map((word) => word.replaceAll(`${recipeDirectory}/${probe}`, `${inside.out}/${name}`).replaceAll(probe, name));

/** As rename, with every other file of the recipe in /lpl/out as well. */
const inOut = (argv: readonly string[], name: string) =>
  rename(argv, name).map((word) => word.replaceAll(recipeDirectory, inside.out));

const upTo = (argv: readonly string[], word: string) => argv.slice(0, argv.indexOf(word));
