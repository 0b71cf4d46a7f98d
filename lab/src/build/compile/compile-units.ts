// Compiles the units of a patch, patched and unpatched, as many at a time as there are processors.

import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type OpContext, runStage, runTogether } from '../../core/operation.ts';
import type { CompiledUnit, Differ } from '../differ/differ.ts';
import type { BuildFacts } from '../kernel-facts.ts';
import { makePatchedObject } from './patched-object.ts';
import type { PatchedUnit } from '../patched-unit.ts';
import { allOrRefused, isRefused, type Refused } from '../refused.ts';
import { ensureUnit } from '../unit/unit.ts';
import type { Workbench } from '../workbench.ts';

export type UnitSources = {
  sources: readonly PatchedUnit[];
  moduleName: string;
  differ: Differ;
  facts: BuildFacts;
  scratch: string;
};

/** Every unit's reasons are reported, not only those of the first that fails. */
export async function compileUnits(
  ctx: OpContext,
  bench: Workbench,
  given: UnitSources,
): Promise<CompiledUnit[] | Refused> {
  const { sources } = given;
  const compile = async (inner: OpContext, ended: () => void = () => undefined) => {
    const acts = sources.map((source, index) => async (each: OpContext) => {
      const compiled = await compileOne(each, bench, { ...given, source, index });
      ended();
      return compiled;
    });
    return allOrRefused<CompiledUnit>(await runTogether(inner, acts, Math.max(2, availableParallelism())));
  };
  if (sources.length === 1) return compile(ctx);
  return runStage(ctx, { id: 'units', title: `compile ${sources.length} units` }, (stage) => {
    let done = 0;
    return compile(stage, () => stage.progress((done += 1), sources.length, 'files'));
  });
}

async function compileOne(
  ctx: OpContext,
  bench: Workbench,
  { source, facts, differ, scratch, index }: Omit<UnitSources, 'sources'> & { source: PatchedUnit; index: number },
): Promise<CompiledUnit | Refused> {
  const unit = await ensureUnit(ctx, bench, { path: source.path, facts, finish: differ.finishOriginal });
  if (isRefused(unit)) return unit;
  const out = join(scratch, `unit${index}`);
  await mkdir(out);
  const name = source.path.split('/').at(-1);
  return runStage(ctx, { id: `compile-${index}`, title: `compile ${name}` }, (stage) =>
    makePatchedObject(stage, bench, { unit, source, out }),
  );
}
