// The units of the target that really include some files, with what each comes to before a patch. Worked out once for a set
// of files: with it a changed header costs one look at each of these units, and a compilation of the few that change.

import { join, normalize, relative } from 'node:path';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { ensureArtefact } from '../../core/artefact.ts';
import { eachLimited } from '../../core/each-limited.ts';
import { LabError } from '../../core/error.ts';
import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';
import { readJson, writeJson } from '../../core/store.ts';
import { readConfiguredObjects } from '../../kernel/configured-objects.ts';
import { type KnownItems, liveCode } from './live-code.ts';
import { preprocessUnit } from './preprocess-unit.ts';
import { makeReferences } from '../compile/reference-object.ts';
import { unitCommands } from './unit-commands.ts';
import type { Workbench } from '../workbench.ts';

const includingUnit = z.object({
  /** Source, in the kernel tree. */
  path: z.string(),
  command: z.object({ argv: z.array(z.string()), symvers: z.array(z.string()) }),
  /** See liveCode. */
  live: z.string(),
});

const unitsFile = z.object({ schema: z.number(), units: z.array(includingUnit) });

export type IncludingUnit = z.infer<typeof includingUnit>;

type Given = {
  /** In the kernel tree. */ files: readonly string[];
  /** Units that may include them. */ candidates: readonly string[];
};

/** Those of the candidates that include one of the files, from the cache or found now (0.2 s each). */
export async function ensureIncludingUnits(ctx: OpContext, bench: Workbench, given: Given): Promise<IncludingUnit[]> {
  const { files, candidates } = given;
  const label = `includes-${files[0]}`;
  const directory = await runStage(
    ctx,
    { id: 'before', title: `units that include ${listed(files.map((path) => ({ path })))}` },
    (stage) =>
      ensureArtefact(stage, { room: bench.room, label, inputs: { files, candidates, format: 3 } }, async (out) => {
        const units = await lookInto(stage, bench, given);
        stage.note(`${units.length} of ${candidates.length} that could`);
        await writeJson(join(out, 'units.json'), { units });
      }),
  );
  const kept = await readJson(join(directory, 'units.json'), unitsFile);
  if (!kept) throw new LabError('state.corrupt', `${directory} has no units.json`, { hint: `delete ${directory}` });
  return kept.units;
}

/** A list for titles. */
export const listed = (files: readonly { path: string }[]) =>
  files.length > 1 ? `${files[0]?.path} and ${files.length - 1} more` : `${files[0]?.path}`;

/** Files of the kernel tree that a preprocessed text has lines of. */
export function filesIn(text: string, { source }: { source: string }): Set<string> {
  const named = new Set([...text.matchAll(/^# \d+ "([^"]+)"/gm)].map(([, path = '']) => path));
  return new Set([...named].map((path) => relative(source, normalize(path))));
}

async function lookInto(ctx: StageContext, bench: Workbench, { files, candidates }: Given): Promise<IncludingUnit[]> {
  const { objects } = await readConfiguredObjects(bench.kernel.objects);
  ctx.waiting('kbuild, for their commands');
  const commands = await unitCommands(
    ctx,
    bench,
    candidates.flatMap((path) => objects.get(path) ?? []),
  );
  const found: IncludingUnit[] = [];
  const known: KnownItems = new Map();
  const failed: string[] = [];
  let done = 0;
  const look = async (path: string) => {
    const command = commands.get(objects.get(path) ?? '');
    const text = command && (await preprocessUnit(ctx, bench, { command }));
    if (!command || text === undefined) return void failed.push(path);
    const included = filesIn(text, bench.kernel);
    if (files.some((file) => included.has(file))) found.push({ path, command, live: liveCode(text, known) });
  };
  await eachLimited(candidates, availableParallelism(), async (path) => {
    await look(path);
    ctx.progress((done += 1), candidates.length, 'files');
  });
  // Some include a header that kbuild generates when it compiles them. What it cannot compile is passed over: mostly
  // assembly, and programs of the build; in 7.2 arch/x86/lib/inat.c as well, which the target has.
  const retried = failed.splice(0);
  if (retried.length > 0) await makeReferences(ctx, bench, retried);
  await eachLimited(retried, availableParallelism(), look);
  return found.sort((a, b) => a.path.localeCompare(b.path));
}
