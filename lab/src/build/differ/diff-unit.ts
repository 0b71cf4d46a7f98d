// Extracts what a patch changed in one translation unit into an object of its own, with kpatch's create-diff-object, and
// checks every changed function against the running kernel.

import { join } from 'node:path';
import { readFile, writeFile } from 'node:fs/promises';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { type Elf, readElf } from '../../kernel/elf.ts';
import { findDefinition, findFunction } from '../../patch/find-function.ts';
import { checkFunctions } from '../check/check-functions.ts';
import { coldPartsLeftBehind, padSections } from './cold-parts.ts';
import { type ChangePlace, readDiffMessages, reasonsOfFailure } from './diff-messages.ts';
import type { CompiledUnit } from './differ.ts';
import type { BuildFacts } from '../kernel-facts.ts';
import { editsOf, type PatchedUnit, placeIn } from '../patched-unit.ts';
import { reason } from '../reason.ts';
import { type Refused, refused } from '../refused.ts';
import type { PatchedFunction } from '../result.ts';
import { inside, withKpatch, type Workbench } from '../workbench.ts';

export type DiffGiven = CompiledUnit & { facts: BuildFacts; moduleName: string };

/** Diffs `out/original.o` and `out/patched.o` into `out/diff.o`. No functions: the patch changes no machine code here. */
export async function diffUnit(
  ctx: StageContext,
  bench: Workbench,
  given: DiffGiven,
): Promise<PatchedFunction[] | Refused> {
  const { unit, source } = given;
  const place = placeOf(source);
  const { output, exitCode } = await compare(ctx, bench, given, place);
  const messages = readDiffMessages(output, place);
  if (exitCode === 3 && messages.reasons.length === 0) return [];
  // What it dies of is not known; init code it would refuse.
  if (exitCode === 139 && place.init) return refused(reason('NP05', place.init));
  if (exitCode !== 0) return refused(...reasonsOfFailure(output, place));
  const reasons = [...messages.reasons, ...(await checkFunctions(bench, given, messages.changed))];
  if (reasons.length > 0) return refused(...reasons);
  const function_ = (kind: 'changed' | 'new') => (name: string) => ({
    object: unit.object,
    name,
    kind,
    file: unit.path,
  });
  return [...messages.changed.map(function_('changed')), ...messages.added.map(function_('new'))];
}

/** Runs create-diff-object, and again when it would leave .cold parts of changed functions behind. */
async function compare(ctx: StageContext, bench: Workbench, given: DiffGiven, place: ChangePlace) {
  const run = async () => {
    const { stdout, stderr, exitCode } = await runCommand(diffCommand(bench, given), { signal: ctx.signal });
    const died = exitCode === 139 ? `\nERROR: it crashed (SIGSEGV)${await exposed(given)}` : '';
    return { output: `${stdout}\n${stderr}${died}`, exitCode };
  };
  let result = await run();
  const { changed, added } = readDiffMessages(result.output, place);
  const patched = readElf(await readFile(join(given.out, 'patched.o')));
  const sections = result.exitCode === 0 ? coldPartsLeftBehind(patched, [...changed, ...added]) : [];
  if (sections.length > 0) {
    await writeFile(join(given.out, 'patched.o'), padSections(patched, sections));
    result = await run();
  }
  for (const text of result.output.split('\n'))
    if (text) ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
  return result;
}

/** What it is known to crash over: data that the patch takes the `static` from, whose section then has no symbol of its own. */
async function exposed({ out }: DiffGiven): Promise<string> {
  const [original, patched] = await Promise.all(
    ['original.o', 'patched.o'].map(async (file) => readElf(await readFile(join(out, file)), file)),
  );
  const names = original && patched ? exposedData(original, patched) : [];
  return names.length > 0 ? ` over ${names.join(', ')}, static in the target and not in the patch` : '';
}

/** Data that no other unit can refer to in the original, and any can in the patched object. */
export function exposedData(original: Elf, patched: Elf): string[] {
  const data = ({ symbols }: Elf, isLocal: boolean) =>
    symbols
      .filter(({ type, section, bind }) => type === 'object' && section > 0 && (bind === 'local') === isLocal)
      .map(({ name }) => name);
  const statics = new Set(data(original, true));
  return data(patched, false).filter((name) => statics.has(name));
}

/** The first change of the patch in this unit, or in what it includes. */
function placeOf(source: PatchedUnit): ChangePlace {
  const { file, line } = placeIn(source);
  const text = editsOf(source)[0]?.applied.text ?? '';
  const around = findFunction(text, line);
  const lineOf = (name: string) => findDefinition(text, name);
  const init = initPlace(source);
  return { file, line, lineOf, ...(around ? { function: around } : {}), ...(init ? { init } : {}) };
}

/** The first changed line in a function of init or exit code, as far as its source tells. */
export function initPlace(source: PatchedUnit): ChangePlace['init'] {
  for (const { path, applied } of editsOf(source)) {
    const lines = applied.text.split('\n');
    for (const { newLine, newCount } of applied.changes)
      for (let line = newLine; line < newLine + Math.max(newCount, 1); line += 1) {
        const name = findFunction(applied.text, line);
        const head = name === undefined ? undefined : findDefinition(applied.text, name);
        if (name === undefined || head === undefined) continue;
        if (/\b__(net_)?(init|exit)\b/.test(lines.slice(Math.max(head - 2, 0), head).join(' ')))
          return { file: path, line, function: name };
      }
  }
  return undefined;
}

/** Exit codes: 0 done, 1 error, 2 a difference it cannot handle, 3 no change; 139 when it dies of what it was given. */
function diffCommand(bench: Workbench, { unit, facts, moduleName, out }: DiffGiven) {
  const at = (name: string) => `${inside.out}/${name}`;
  const symvers = `${bench.kernel.buildTree}/Module.symvers`;
  const objects = [at('original.o'), at('patched.o')] as const;
  return withKpatch(bench, {
    argv: ['create-diff-object', ...objects, unit.object, at('symbols.txt'), symvers, moduleName, at('diff.o')],
    out,
    env: facts.sizes,
    okCodes: [0, 1, 2, 3, 139],
  });
}
