// One translation unit of the target, ready to be compared with a patched one: which object of the running kernel it is
// part of, the original object, its symbol table, and for each function whether it is what the target runs.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { contentKey, ensureArtefact } from '../../core/artefact.ts';
import { LabError } from '../../core/error.ts';
import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';
import { readJson, writeJson } from '../../core/store.ts';
import { type Elf, readElf } from '../../kernel/elf.ts';
import { compileUnit } from '../compile/compile-unit.ts';
import { checkFidelity } from './fidelity.ts';
import { inlinedOnlyInTarget } from './inlining.ts';
import { type KbuildCommand, moduleOf } from '../compile/kbuild-command.ts';
import type { BuildFacts } from '../kernel-facts.ts';
import { type Layout, matchLayout } from './layout.ts';
import { readSymvers } from '../../kernel/module-metadata.ts';
import { openTarget } from './open-target.ts';
import { doesNotCompile, makeReference } from '../compile/reference-object.ts';
import { isRefused, type Refused, refused } from '../refused.ts';
import { reason } from '../reason.ts';
import { placeReferred } from './referred-sections.ts';
import { stockCode, type StockReferences } from './stock-code.ts';
import { synthesizeSymbolTable } from './symbol-table.ts';
import type { TargetObject } from './target-object.ts';
import type { Workbench } from '../workbench.ts';

const unitFacts = z.object({
  /** 'vmlinux' or the name of the module the unit is part of. */
  object: z.string(),
  command: z.object({ argv: z.array(z.string()), symvers: z.array(z.string()) }),
  /** Function -> 'same' or in what it differs from the stock image. */
  fidelity: z.record(z.string(), z.string()),
  /** Function -> functions that hold a copy of it in the target, where our objects call it. */
  inlined: z.record(z.string(), z.array(z.string())),
  /** Local symbols whose position in the target could not be proven. */
  ambiguous: z.array(z.string()),
  /** Proven position among the target's symbols of that name, 1-based; only for names that are not unique. */
  positions: z.record(z.string(), z.number()),
  objtoolWarnings: z.array(z.string()),
});

const refusal = z.object({
  verdict: z.enum(['refused', 'failed']),
  reasons: z.array(z.looseObject({ rule: z.string() })),
});

const unitFile = z.union([
  z.object({ schema: z.number(), unit: unitFacts }),
  z.object({ schema: z.number(), refused: refusal }),
]);

type UnitFacts = z.infer<typeof unitFacts>;

export type Unit = UnitFacts & {
  /** Path of the source in the kernel tree. */
  path: string;
  /** Artefact: reference.o, original.o, symbols.txt; for module code also module.ko. */
  directory: string;
};

/** Finishes `out/original.o` before it is cached; returns what objtool said, if it was run on it. */
export type FinishOriginal = (
  ctx: StageContext,
  bench: Workbench,
  given: { out: string; module: boolean; facts: BuildFacts },
) => Promise<string[]>;

/** The artefact that holds a unit. */
export const unitRequest = ({ room }: Workbench, path: string) => ({
  room,
  label: `unit-${path}`,
  inputs: { path, format: 10 },
});

/** The unit, from the cache or made now (3 s). Refused when the target has no such unit, which is remembered as well. */
export async function ensureUnit(
  ctx: OpContext,
  bench: Workbench,
  given: { path: string; facts: BuildFacts; finish: FinishOriginal },
): Promise<Unit | Refused> {
  const { path } = given;
  const request = unitRequest(bench, path);
  const stage = { id: `unit-${contentKey(path).slice(0, 6)}`, title: `original object of ${path}` };
  const directory = await runStage(ctx, stage, (inner) =>
    ensureArtefact(inner, request, async (out) => {
      const made = await makeUnit(inner, bench, { ...given, out });
      await writeJson(join(out, 'unit.json'), isRefused(made) ? { refused: made } : { unit: made });
    }),
  );
  const file = await readJson(join(directory, 'unit.json'), unitFile);
  if (!file) throw new LabError('state.corrupt', `${directory} has no unit.json`, { hint: `delete ${directory}` });
  // Written by this very code: the cast only restores the ids of rules.
  return 'refused' in file ? (file.refused as Refused) : { ...file.unit, path, directory };
}

type Making = { path: string; facts: BuildFacts; finish: FinishOriginal; out: string };

async function makeUnit(ctx: StageContext, bench: Workbench, making: Making): Promise<UnitFacts | Refused> {
  const { path, facts, out } = making;
  ctx.waiting('kbuild, once for this file');
  const command = await makeReference(ctx, bench, { path, out: join(out, 'reference.o') });
  if (!command) return refused(reason('unit-not-built', { file: path }));
  const foreign = await foreignVersions(bench, command);
  if (foreign) return refused({ ...foreign, file: path });
  ctx.waiting('the original object');
  const [target, warnings] = await Promise.all([
    openTarget(ctx, bench.kernel, { path, command, image: facts.image, out }),
    makeOriginal(ctx, bench, { ...making, command }),
  ]);
  if (isRefused(target)) return target;
  const reference = readElf(await readFile(join(out, 'reference.o')));
  const original = readElf(await readFile(join(out, 'original.o')));
  const stock = stockCode(target);
  const layout = proveLayout(reference, target, stock);
  if (layout.proven.size === 0) return refused(reason('unit-not-built', { file: path }));
  if (layout.proven.size * 2 <= layout.known)
    return refused(
      reason('layout', { file: path, object: target.name, proven: layout.proven.size, known: layout.known }),
    );
  const prefixBytes = Number(facts.objtool.find((flag) => flag.startsWith('--prefix='))?.split('=')[1] ?? 0);
  const table = synthesizeSymbolTable(target, { original, layout, prefixBytes });
  await writeFile(join(out, 'symbols.txt'), table.text);
  return {
    object: target.name,
    command,
    fidelity: checkFidelity(reference, layout, stock),
    inlined: inlinedOnlyInTarget(reference, original),
    ambiguous: table.ambiguous,
    positions: provenPositions(target, { original, layout }),
    objtoolWarnings: warnings,
  };
}

/** By the symbols of each section first, then by what code that is proven so refers to. */
function proveLayout(reference: Elf, { placesOf }: TargetObject, stock: StockReferences): Layout {
  const layout = matchLayout(reference, placesOf);
  const fidelity = checkFidelity(reference, layout, stock);
  return placeReferred({ reference, layout, placesOf, stock, isSame: (name) => fidelity[name] === 'same' });
}

/** Of names that are not unique: those the layout proves, and globals of other units, if one symbol alone is global. */
function provenPositions(
  { placesOf, symbols }: TargetObject,
  { original, layout }: { original: Elf; layout: Layout },
): Record<string, number> {
  const elsewhere = original.symbols.filter(({ section, name }) => section === 0 && name !== '');
  const globals = elsewhere.flatMap(({ name }) => {
    const found = placesOf(name).filter(({ order }) => symbols[order]?.bind !== 'LOCAL');
    return found[0] && found.length === 1 ? [[name, found[0]] as const] : [];
  });
  const positions = [...globals, ...layout.proven].flatMap(([name, { order }]) => {
    const places = placesOf(name);
    return places.length > 1 ? [[name, places.findIndex((place) => place.order === order) + 1] as const] : [];
  });
  return Object.fromEntries(positions);
}

/** The type versions of exports hash every type they use: if they are the target's, so is the configuration. */
async function foreignVersions({ kernel }: Workbench, { symvers }: KbuildCommand) {
  const exported = readSymvers(await readFile(join(kernel.buildTree, 'Module.symvers'), 'utf8'));
  const pairs = symvers.map((line) => line.split(' ') as [symbol: string, have: string]);
  // What the target does not export at all it does not have: the layout will tell.
  for (const [symbol, have] of pairs) {
    const want = exported.get(symbol);
    if (want !== undefined && want !== Number.parseInt(have, 16))
      return reason('version-mismatch', { symbol, have, want: `0x${want.toString(16)}` });
  }
  return undefined;
}

type WithCommand = Making & { command: KbuildCommand };

async function makeOriginal(ctx: StageContext, bench: Workbench, { path, facts, finish, out, command }: WithCommand) {
  const failure = await compileUnit(ctx, bench, { command, out, name: 'original.o' });
  if (failure) throw doesNotCompile(path, failure.messages);
  const module = moduleOf(command) !== undefined;
  return finish(ctx, bench, { out, module, facts });
}
