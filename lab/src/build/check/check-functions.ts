// What must hold for every changed function, whichever tool found it: ftrace can redirect it, the target runs exactly what
// was compiled here, and no other function of the target holds a copy of it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Elf, readElf, relocationsOf } from '../../kernel/elf.ts';
import type { CompiledUnit } from '../differ/differ.ts';
import { placeIn } from '../patched-unit.ts';
import { reason } from '../reason.ts';
import type { BuildReason } from '../result.ts';
import type { Unit } from '../unit/unit.ts';
import { callsLeftBehind } from './left-behind.ts';
import { untracedRule } from './untraced-rule.ts';
import type { Workbench } from '../workbench.ts';

/** Reasons against the changed functions of a unit. */
export async function checkFunctions(
  bench: Workbench,
  compiled: CompiledUnit,
  changed: readonly string[],
): Promise<BuildReason[]> {
  const { unit, source } = compiled;
  const placeOf = (name: string) => ({ ...placeIn(source, sourceName(name)), function: name });
  return [
    ...(await notPatchable(bench, unit, changed, placeOf)),
    ...notFaithful(unit, changed, placeOf),
    ...inlinedElsewhere(unit, changed, placeOf),
    ...(await calledByRemoved(compiled, changed, placeOf)),
  ];
}

type PlaceOf = (name: string) => { file: string; line: number; function: string };

/** The name of a function as its source has it: the compiler appends .cold, .part.0, .isra.0, .constprop.0. */
const sourceName = (name: string) => name.replace(/\..*$/, '');

/** Changed functions that ftrace does not know: of vmlinux it is asked itself, of a module the object tells. */
async function notPatchable(
  { kernel }: Workbench,
  unit: Unit,
  changed: readonly string[],
  placeOf: PlaceOf,
): Promise<BuildReason[]> {
  const known =
    unit.object === 'vmlinux'
      ? new Set((await readFile(kernel.facts.patchableFunctions, 'utf8')).split('\n'))
      : tracedFunctions(readElf(await readFile(join(unit.directory, 'original.o'))));
  return changed
    .filter((name) => !known.has(name) && !name.includes('.cold'))
    .map((name) => reason(untracedRule(name), placeOf(name)));
}

/**
 * Functions with a place that ftrace can patch, which the compiler notes in __mcount_loc. (Not __patchable_function_entries: on
 * x86 that is the padding before every function, notrace or not; arch/x86/Makefile, PADDING_CFLAGS.)
 */
export function tracedFunctions(object: Elf): Set<string> {
  const table = object.sections.find(({ name, type }) => name === '__mcount_loc' && type === 1);
  const sites = table ? relocationsOf(object, table.index) : [];
  const functions = object.symbols.filter(({ type, section }) => type === 'func' && section > 0);
  return new Set(
    sites.flatMap(({ symbol, addend }) => {
      const goal = object.symbols[symbol];
      const at = (goal?.value ?? 0) + addend;
      return functions
        .filter(({ section, value, size }) => section === goal?.section && at >= value && at < value + size)
        .map(({ name }) => name);
    }),
  );
}

/** Changed functions that are not proven to be what the target runs. */
function notFaithful({ fidelity }: Unit, changed: readonly string[], placeOf: PlaceOf): BuildReason[] {
  return changed
    .filter((name) => fidelity[name] !== 'same')
    .map((name) => {
      const detail = fidelity[name] ?? 'the target has no such function';
      return reason('fidelity', { ...placeOf(name), detail });
    });
}

/** Unchanged functions of which the target holds a version with a changed function inside. */
function inlinedElsewhere({ inlined }: Unit, changed: readonly string[], placeOf: PlaceOf): BuildReason[] {
  return changed.flatMap((name) => {
    const caller = inlined[name]?.find((each) => !changed.includes(each));
    return caller ? [reason('NP03', { ...placeOf(name), caller })] : [];
  });
}

/** Changed functions that would get the wrong parameters from functions that the patch removes. */
async function calledByRemoved(
  { unit, source, out }: CompiledUnit,
  changed: readonly string[],
  placeOf: PlaceOf,
): Promise<BuildReason[]> {
  const read = async (directory: string, name: string) => readElf(await readFile(join(directory, name)), name);
  const [original, patched] = [await read(unit.directory, 'original.o'), await read(out, 'patched.o')];
  return callsLeftBehind({ original, patched }, changed, source).map(({ caller, callee }) =>
    reason('CO11', { ...placeOf(callee), caller }),
  );
}
