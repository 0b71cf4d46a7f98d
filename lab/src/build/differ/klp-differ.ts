// The differ for kernels from 6.19 on: upstream's `objtool klp`, which klp-build runs on whole kernels, on the touched units
// alone. It compares checksums of functions, so objtool's tables are made later, for the finished module.

import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type OpContext, runStage, runTogether, type StageContext } from '../../core/operation.ts';
import { type Elf, readElf } from '../../kernel/elf.ts';
import { findDefinition } from '../../patch/find-function.ts';
import { checkFunctions } from '../check/check-functions.ts';
import type { CompiledUnit, Differ, Extracted, ExtractGiven, UnitDiff } from './differ.ts';
import { klpFrame } from '../link/klp-frame.ts';
import { readKlpMessages, reasonsOfKlpFailure } from './klp-messages.ts';
import { diffObject, joinUnits, type KlpObject } from './klp-object.ts';
import { repositionFor } from './klp-positions.ts';
import { klpRefusals } from './klp-refusals.ts';
import { replacedByKlp, setPositions } from './klp-tables.ts';
import { placeIn } from '../patched-unit.ts';
import { globalPositions, newReferences } from '../check/new-references.ts';
import { newObjtoolReasons } from '../compile/objtool.ts';
import { allOrRefused, isRefused, type Refused, refused } from '../refused.ts';
import type { BuildReason } from '../result.ts';
import type { Workbench } from '../workbench.ts';

export const klpDiffer: Differ = {
  name: 'objtool klp',
  finishOriginal: () => Promise.resolve([]),
  extract,
  frame: klpFrame,
  replacedFunctions: replacedByKlp,
};

type Diffed = { diffs: UnitDiff[]; object: string | undefined };

/** All objects side by side. */
async function extract(ctx: OpContext, bench: Workbench, given: ExtractGiven): Promise<Extracted | Refused> {
  const names = [...new Set(given.units.map(({ unit }) => unit.object))];
  const acts = names.map((name, index) => (inner: OpContext) => {
    const out = join(given.scratch, `object${index}`);
    const object = { name, out, units: given.units.filter(({ unit }) => unit.object === name) };
    return runStage(inner, { id: `diff-${index}`, title: `extract what changed in ${name}` }, (stage) =>
      extractObject(stage, bench, given, object),
    );
  });
  const found = allOrRefused<Diffed>(await runTogether(ctx, acts));
  if (isRefused(found)) return found;
  return { diffs: found.flatMap(({ diffs }) => diffs), objects: found.flatMap(({ object }) => object ?? []) };
}

async function extractObject(
  ctx: StageContext,
  bench: Workbench,
  { facts }: ExtractGiven,
  object: KlpObject,
): Promise<Diffed | Refused> {
  const { name, units, out } = object;
  await mkdir(out);
  const pairs = await Promise.all(units.map(readPair));
  const kallsyms = await readFile(bench.kernel.facts.kallsyms, 'utf8');
  const references = newReferences(
    pairs.map(({ original }) => original),
    pairs.map(({ patched }) => patched),
  );
  const globals = globalPositions(kallsyms, references);
  const join_ = (side: 'original' | 'patched') =>
    joinUnits(ctx, bench, object, {
      side,
      flags: facts.objtool,
      undefinedNames: side === 'original' ? [...globals.keys()] : [],
    });
  const [before, after] = await Promise.all([join_('original'), join_('patched')]);
  const reasons = objtoolReasons(units, before, after);
  if (reasons.length > 0) return refused(...reasons);
  const { output, exitCode } = await diffObject(ctx, bench, object);
  const place = units[0] ? placeIn(units[0].source) : { file: '', line: 1 };
  if (exitCode !== 0) return refused(...reasonsOfKlpFailure(output, place));
  const diffs = await judge(bench, object, { output, pairs, objtoolWarnings: before });
  if (isRefused(diffs)) return diffs;
  const file = join(out, 'diff.o');
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) return { diffs, object: undefined };
  const original = readElf(await readFile(join(out, 'original.o')));
  const reposition = repositionFor({ original, name, units: units.map(({ unit }) => unit), globals });
  await writeFile(file, setPositions(readElf(await readFile(file)), reposition));
  return { diffs, object: join(basename(out), 'diff.o') };
}

type Pair = { compiled: CompiledUnit; original: Elf; patched: Elf };

async function readPair(compiled: CompiledUnit): Promise<Pair> {
  const read = async (directory: string, name: string) => readElf(await readFile(join(directory, name)), name);
  const { unit, out } = compiled;
  return { compiled, original: await read(unit.directory, 'original.o'), patched: await read(out, 'patched.o') };
}

/** What objtool says about the patched object and did not say about the original, at the unit that has the function. */
function objtoolReasons(units: readonly CompiledUnit[], before: readonly string[], after: readonly string[]) {
  const [first] = units;
  if (!first) return [];
  const lineOf = (name: string) =>
    units.map(({ source }) => findDefinition(source.applied.text, name)).find((line) => line !== undefined);
  return newObjtoolReasons({ path: first.unit.path, objtoolWarnings: before }, after, lineOf);
}

/** Which unit the functions belong to, and what speaks against their change. */
async function judge(
  bench: Workbench,
  { out }: KlpObject,
  { output, pairs, objtoolWarnings }: { output: string; pairs: readonly Pair[]; objtoolWarnings: readonly string[] },
): Promise<UnitDiff[] | Refused> {
  const { changed, added, uncorrelated } = readKlpMessages(output);
  const reasons: BuildReason[] = [];
  const diffs: UnitDiff[] = [];
  for (const { compiled, original, patched } of pairs) {
    const { unit } = compiled;
    const own = new Set(
      patched.symbols.filter(({ type, section }) => type === 'func' && section > 0).map(({ name }) => name),
    );
    const [mine, news] = [changed, added].map((names) => names.filter((name) => own.has(name))) as [string[], string[]];
    reasons.push(...klpRefusals({ compiled, original, patched, functions: [...mine, ...news], uncorrelated }));
    const refusedInit = new Set(reasons.filter(({ rule }) => rule === 'NP05').map((each) => each.function));
    reasons.push(
      ...(await checkFunctions(
        bench,
        compiled,
        mine.filter((name) => !refusedInit.has(name)),
      )),
    );
    const function_ = (kind: 'changed' | 'new') => (name: string) => ({
      object: unit.object,
      name,
      kind,
      file: unit.path,
    });
    const functions = [...mine.map(function_('changed')), ...news.map(function_('new'))];
    diffs.push({ unit, patched: join(out, 'patched.o'), functions, objtoolWarnings });
  }
  return reasons.length > 0 ? refused(...reasons) : diffs;
}
