// Explains a patch: which units are compiled anew, and for each function of the livepatch why it changed, who calls it, how
// its code differs. Everything but the link is what a build does.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OpContext, runStage } from '../../core/operation.ts';
import { readElf } from '../../kernel/elf.ts';
import { readPatch } from '../../patch/read-patch.ts';
import { changeOfSource, type SourceChange } from '../../patch/source-change.ts';
import { affectedUnits, defaultMaxUnits } from '../reach/affected-units.ts';
import type { BuildRequest } from '../build-livepatch.ts';
import { chooseDiffer } from '../differ/choose-differ.ts';
import { compileUnits } from '../compile/compile-units.ts';
import type { CompiledUnit, UnitDiff } from '../differ/differ.ts';
import { callsOf } from '../unit/inlining.ts';
import { ensureBuildFacts } from '../kernel-facts.ts';
import { moduleNameFor } from '../module-name.ts';
import { preparePatch } from '../prepare-patch.ts';
import { isRefused, type Refused } from '../refused.ts';
import type { BuildReason } from '../result.ts';
import { withScratch } from '../scratch.ts';
import { openWorkbench } from '../workbench.ts';
import { disassemblyDiff } from './disassembly.ts';
import { explainObject, type FunctionFacts } from './explain-object.ts';
import { type Why, whyChanged } from './why-changed.ts';

export type ExplainedFunction = FunctionFacts & { name: string; kind: 'changed' | 'new' } & Why & {
    /** Unified diff of its disassembly, when asked for. */
    assembly?: string;
  };

export type Explanation = {
  verdict: 'explained' | Refused['verdict'];
  reasons: BuildReason[];
  units: {
    file: string;
    /** 'vmlinux' or a module. */
    object: string;
    /** Whether the patch edits it, and which edited files it includes. */
    edited: boolean;
    includes: string[];
    /** How many functions of the unit, as compiled here, are what the target runs, byte for byte. */
    provenFunctions: number;
    functions: ExplainedFunction[];
  }[];
};

export type ExplainRequest = Omit<BuildRequest, 'out' | 'replace'> & {
  /** Disassemble this function, or every one that changed. */
  assembly?: 'all' | { function: string };
};

export async function explainLivepatch(request: ExplainRequest, ctx: OpContext): Promise<Explanation> {
  const { kernel, patch, assembly, maxUnits = defaultMaxUnits } = request;
  const refusedBy = ({ verdict, reasons }: Refused): Explanation => ({ verdict, reasons, units: [] });
  const sources = await preparePatch(patch, kernel);
  if (isRefused(sources)) return refusedBy(sources);
  const { differ } = await chooseDiffer(kernel.buildTree);
  const moduleName = moduleNameFor(request.patchName) ?? 'livepatch_explained';
  const bench = await openWorkbench(ctx, request);
  const facts = await ensureBuildFacts(ctx, bench);
  return withScratch(bench.room, async (scratch) => {
    const affected = await affectedUnits(ctx, bench, { sources, scratch, maxUnits });
    if (isRefused(affected)) return refusedBy(affected);
    const given = { sources: affected.units, moduleName, differ, facts, scratch };
    const units = await compileUnits(ctx, bench, given);
    if (isRefused(units)) return refusedBy(units);
    const extracted = await differ.extract(ctx, bench, { units, facts, moduleName, scratch });
    if (isRefused(extracted)) return refusedBy(extracted);
    return runStage(ctx, { id: 'explain', title: 'explain what changed' }, async (stage) => {
      const explained: Explanation['units'] = [];
      for (const diff of extracted.diffs) {
        const compiled = units.find(({ unit }) => unit.path === diff.unit.path) as CompiledUnit;
        const functions = await explainFunctions(diff, changesOfUnit(patch, compiled));
        const wanted = ({ name }: ExplainedFunction) => assembly === 'all' || assembly?.function === name;
        for (const each of functions.filter(wanted))
          each.assembly = await disassemblyDiff(stage, bench, { out: compiled.out, name: each.name });
        const { applied, included } = compiled.source;
        const because = { edited: applied.changes.length > 0, includes: included.map(({ path }) => path) };
        explained.push({ ...unitFacts(diff), ...because, functions });
      }
      return { verdict: 'explained', reasons: [], units: explained };
    });
  });
}

function changesOfUnit(patch: string, { source }: CompiledUnit): SourceChange[] {
  const files = readPatch(patch);
  return [source, ...source.included].map(({ path, original }) => {
    const file = Array.isArray(files) ? files.find((each) => each.path === path) : undefined;
    return file ? changeOfSource(file, original) : { file: path, lines: [], seen: original };
  });
}

const unitFacts = ({ unit: { path, object, fidelity } }: UnitDiff) => ({
  file: path,
  object,
  provenFunctions: Object.values(fidelity).filter((each) => each === 'same').length,
});

async function explainFunctions(
  { unit, patched, functions }: UnitDiff,
  changes: readonly SourceChange[],
): Promise<ExplainedFunction[]> {
  const read = async (path: string) => readElf(await readFile(path), path);
  const [reference, original, after] = await Promise.all([
    read(join(unit.directory, 'reference.o')),
    read(join(unit.directory, 'original.o')),
    read(patched),
  ]);
  const calls = callsOf(after);
  const facts = explainObject(
    { reference, original, patched: after },
    functions.map(({ name }) => name),
  );
  return functions.map(({ name, kind }) => ({
    name,
    kind,
    ...(facts.get(name) ?? { callers: [], traced: false }),
    ...whyChanged(name, { changes, calls }),
  }));
}
