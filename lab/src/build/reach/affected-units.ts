// From the files that a patch edits to the translation units that it changes: those it edits themselves, and those that
// include an edited file and come to something else with it.

import { availableParallelism } from 'node:os';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureArtefact } from '../../core/artefact.ts';
import { eachLimited } from '../../core/each-limited.ts';
import { LabError } from '../../core/error.ts';
import { type OpContext, runStage } from '../../core/operation.ts';
import { readJson, writeJson } from '../../core/store.ts';
import { readConfiguredObjects } from '../../kernel/configured-objects.ts';
import { type IncludeGraph, includersOf, scanIncludes } from '../../kernel/include-graph.ts';
import { keepLineNumbers } from '../../patch/keep-line-numbers.ts';
import { changedNames } from '../../patch/changed-names.ts';
import { changesOutsideFunctions } from '../../patch/outside-functions.ts';
import type { Replacement } from '../compile/compile-unit.ts';
import { ensureIncludingUnits, filesIn, type IncludingUnit, listed } from './including-units.ts';
import { type KnownItems, liveCode } from './live-code.ts';
import { type PatchedSource, type PatchedUnit, writeReplacements } from '../patched-unit.ts';
import { unitsThatMayUse } from './name-reach.ts';
import { preprocessUnit } from './preprocess-unit.ts';
import { makeReferences } from '../compile/reference-object.ts';
import { type Refused, refused } from '../refused.ts';
import { reason } from '../reason.ts';
import type { BuildReason } from '../result.ts';
import { probeStructLayouts } from '../check/struct-layout.ts';
import { unitCommands } from './unit-commands.ts';
import type { Workbench } from '../workbench.ts';

/** `including`: how many units include an edited file. */
export type AffectedUnits = { units: PatchedUnit[]; including: number };

type Given = {
  sources: readonly PatchedSource[];
  scratch: string;
  /** How many units may be rebuilt for what they include. */
  maxUnits: number;
};

export const defaultMaxUnits = 50;

/** What it takes to look into a unit is a small part of what it takes to rebuild one. */
export const looksPerUnit = 20;

/** Free for a patch of units alone. Refused (DA10) when a file reaches more units than may be rebuilt. */
export async function affectedUnits(ctx: OpContext, bench: Workbench, given: Given): Promise<AffectedUnits | Refused> {
  const { sources, scratch, maxUnits } = given;
  const { objects, included } = await readConfiguredObjects(bench.kernel.objects);
  const shared = sources.filter(({ path }) => path.endsWith('.h') || included.has(path));
  const isUnit = ({ path }: PatchedSource) => path.endsWith('.c') && (objects.has(path) || !included.has(path));
  const own = sources
    .filter(isUnit)
    .map((source) => ({ ...source, included: shared.filter(({ path }) => path !== source.path) }));
  if (shared.length === 0) return { units: own, including: 0 };
  const files = shared.map(({ path }) => path);
  const graph = await ensureIncludeGraph(ctx, bench, [...objects.keys()]);
  const includers = includersOf(graph, files);
  const includes = [...objects.keys()].filter((path) => includers.has(path));
  const others = includes.filter((path) => !own.some((unit) => unit.path === path));
  const replacements = await writeReplacements(shared, { directory: join(scratch, 'shared'), render: keepLineNumbers });
  const broken = await probeLayouts(ctx, bench, { sources: shared, replacements, includes, graph, out: scratch });
  if (broken.length > 0) return refused(...broken);
  const candidates = await mayUse(ctx, bench, { shared, graph, candidates: others });
  if (candidates.length > maxUnits * looksPerUnit)
    return refused(tooMany(shared, { count: candidates.length, kind: 'look', maxUnits }));
  const including = await ensureIncludingUnits(ctx, bench, { files, candidates });
  const changed = await changedUnits(ctx, bench, { shared, replacements, including });
  if (changed.length > maxUnits) return refused(tooMany(shared, { count: changed.length, kind: 'rebuild', maxUnits }));
  const paths = changed.map(({ path }) => path);
  if (paths.length > 0)
    await runStage(ctx, { id: 'references', title: `${paths.length} objects as the target has them` }, (stage) =>
      makeReferences(stage, bench, paths),
    );
  return { units: [...own, ...changed], including: includes.length };
}

type Probe = {
  sources: readonly PatchedSource[];
  replacements: readonly Replacement[];
  includes: readonly string[];
  graph: IncludeGraph;
  out: string;
};

/** A struct that changes is told by any one unit, before the many that include it are looked into. */
async function probeLayouts(ctx: OpContext, bench: Workbench, given: Probe): Promise<BuildReason[]> {
  const { sources, replacements, includes, graph, out } = given;
  // Macros can bound an array of a struct: whoever uses it is compiled and compared anyway.
  const changed = sources.filter(
    ({ original, applied }) =>
      changedNames(original, applied) === undefined && changesOutsideFunctions(original, applied).length > 0,
  );
  const direct = changed.flatMap(({ path }) => graph.get(path) ?? []);
  const path = includes.find((each) => direct.includes(each)) ?? includes[0];
  if (changed.length === 0 || path === undefined) return [];
  return runStage(ctx, { id: 'layouts', title: `structs of ${listed(changed)}, seen by ${path}` }, async (stage) => {
    const object = (await readConfiguredObjects(bench.kernel.objects)).objects.get(path) ?? '';
    const command = (await unitCommands(stage, bench, [object])).get(object);
    return command ? probeStructLayouts(stage, bench, { command, sources, replacements, out }) : [];
  });
}

/** So few units are looked into at once. */
const fewUnits = 100;

type Using = { shared: readonly PatchedSource[]; graph: IncludeGraph; candidates: readonly string[] };

async function mayUse(ctx: OpContext, bench: Workbench, given: Using): Promise<readonly string[]> {
  const { shared, candidates } = given;
  if (candidates.length <= fewUnits) return candidates;
  return runStage(
    ctx,
    { id: 'names', title: `units that may use what changes in ${listed(shared)}` },
    async (stage) => {
      const found = await unitsThatMayUse({ ...given, source: bench.kernel.source, signal: stage.signal });
      stage.note(`${found.length} of ${candidates.length} that may include it`);
      return found;
    },
  );
}

type Count = { count: number; kind: 'look' | 'rebuild'; maxUnits: number };

function tooMany([first]: readonly PatchedSource[], { count, kind, maxUnits }: Count) {
  const isLook = kind === 'look';
  return reason('DA10', {
    ...{ file: first?.path, line: first?.applied.changes[0]?.newLine, count },
    what: isLook ? 'may use what changes in it' : 'change with it',
    act: isLook ? 'look into' : 'rebuild',
    limit: isLook ? maxUnits * looksPerUnit : maxUnits,
    most: isLook ? Math.ceil(count / looksPerUnit) : count,
  });
}

const graphFile = z.object({ schema: z.number(), includers: z.record(z.string(), z.array(z.string())) });

/** Which file includes which in the bench's kernel. */
async function ensureIncludeGraph(ctx: OpContext, bench: Workbench, units: string[]): Promise<IncludeGraph> {
  const { room, kernel } = bench;
  const title = 'which file includes which';
  const directory = await runStage(ctx, { id: 'includes', title }, (stage) =>
    ensureArtefact(stage, { room, label: 'includes', inputs: { format: 3 } }, async (out) => {
      const includers = Object.fromEntries(await scanIncludes(kernel, units, stage.signal));
      await writeJson(join(out, 'includes.json'), { includers });
    }),
  );
  const kept = await readJson(join(directory, 'includes.json'), graphFile);
  if (!kept) throw new LabError('state.corrupt', `${directory} has no includes.json`, { hint: `delete ${directory}` });
  return new Map(Object.entries(kept.includers));
}

type Looking = {
  shared: readonly PatchedSource[];
  replacements: readonly Replacement[];
  including: readonly IncludingUnit[];
};

/** Units whose code is another one with the patched files; one that cannot be preprocessed is left to the compiler. */
async function changedUnits(ctx: OpContext, bench: Workbench, given: Looking): Promise<PatchedUnit[]> {
  const { shared, replacements, including } = given;
  const { source } = bench.kernel;
  const known: KnownItems = new Map();
  const changed: PatchedUnit[] = [];
  const look = async ({ path, command, live }: IncludingUnit) => {
    const text = await preprocessUnit(ctx, bench, { command, replacements });
    if (text !== undefined && liveCode(text, known) === live) return;
    const files = text === undefined ? undefined : filesIn(text, bench.kernel);
    const included = shared.filter((each) => files?.has(each.path) ?? true);
    const original = await readFile(join(source, path), 'latin1');
    changed.push({ path, original, applied: { text: original, changes: [] }, included });
  };
  const title = `units that change with ${listed(shared)}`;
  await runStage(ctx, { id: 'after', title }, async (stage) => {
    let done = 0;
    await eachLimited(including, availableParallelism(), async (unit) => {
      await look(unit);
      stage.progress((done += 1), including.length, 'files');
    });
    stage.note(`${changed.length} of ${including.length} that include it`);
  });
  return changed.sort((a, b) => a.path.localeCompare(b.path));
}
