// Rule DA01: a patch must not change what a struct, union or enum looks like. The objects that exist when the livepatch is
// loaded were made by the old code, and code that is not patched uses the old layout. The object diff cannot see it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../core/error.ts';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { readElf } from '../../kernel/elf.ts';
import { changesOutsideFunctions } from '../../patch/outside-functions.ts';
import { changedPrototypes, exportsOf } from './check-exports.ts';
import { compileUnit, type Replacement } from '../compile/compile-unit.ts';
import type { KbuildCommand } from '../compile/kbuild-command.ts';
import { editsOf, type PatchedSource, type PatchedUnit } from '../patched-unit.ts';
import { reason } from '../reason.ts';
import type { BuildReason } from '../result.ts';
import { changedLayouts, type LayoutChange, type Layouts, readLayouts, readPrototypes } from './type-layouts.ts';
import type { Unit } from '../unit/unit.ts';
import { inside, withTools, type Workbench } from '../workbench.ts';

type Given = {
  unit: Unit;
  source: PatchedUnit;
  /** The patched files. */ replacements: readonly Replacement[];
  out: string;
};

/**
 * Reasons against types that the patch changes, those of exported functions included. Free for a patch that only touches function bodies; any other is compiled
 * once more, with debug information; undefined when it does not compile.
 */
export async function checkStructLayouts(
  ctx: StageContext,
  bench: Workbench,
  given: Given,
): Promise<BuildReason[] | undefined> {
  const { unit, source, replacements, out } = given;
  const edits = outsideFunctions(editsOf(source));
  if (edits.length === 0) return [];
  const input = { command: unit.command, out };
  const [before, failure] = await Promise.all([
    originalTypes(ctx, bench, given),
    compileUnit(ctx, bench, { ...input, replacements, name: 'layout.o', flags: debug }),
  ]);
  if (failure) return undefined;
  const after = await typesOf(ctx, bench, { directory: out, object: 'layout.o', out, flags: before.flags });
  const changes = placed(changedLayouts(before.layouts, after.layouts), edits);
  return [...changes.map((each) => reason('DA01', each)), ...(await exportReasons(given, edits, { before, after }))];
}

/** Exported functions of a unit; none where CRCs say more about them. */
async function functionsWithoutCrc({ unit }: Given): Promise<ReadonlySet<string>> {
  if (unit.command.symvers.length > 0) return new Set();
  return exportsOf(readElf(await readFile(join(unit.directory, 'original.o'))));
}

async function exportReasons(given: Given, edits: readonly Edit[], types: Record<'before' | 'after', Types>) {
  const [before, after] = [types.before.prototypes, types.after.prototypes];
  const { path } = given.unit;
  const place = { file: path, line: edits.find(({ file }) => file === path)?.lines[0] };
  return changedPrototypes(place, await functionsWithoutCrc(given), { before, after });
}

type Probing = {
  command: KbuildCommand;
  /** Edited files that a unit includes. */
  sources: readonly PatchedSource[];
  replacements: readonly Replacement[];
  out: string;
};

/** The same for all types of the files that a unit includes, whether it uses them or not; none when it does not compile. */
export async function probeStructLayouts(ctx: StageContext, bench: Workbench, given: Probing): Promise<BuildReason[]> {
  const { command, sources, replacements, out } = given;
  const edits = outsideFunctions(sources);
  const flags = [...debug, '-fno-eliminate-unused-debug-types'];
  const failures = await Promise.all([
    compileUnit(ctx, bench, { command, out, name: 'layout-before.o', flags }),
    compileUnit(ctx, bench, { command, out, replacements, name: 'layout.o', flags }),
  ]);
  if (failures.some(Boolean)) return [];
  const [before, after] = await Promise.all(
    ['layout-before.o', 'layout.o'].map((object) => typesOf(ctx, bench, { directory: out, object, out })),
  );
  return before && after
    ? placed(changedLayouts(before.layouts, after.layouts), edits).map((each) => reason('DA01', each))
    : [];
}

/** A patched file, and its changed lines that may change a declaration. */
type Edit = { file: string; text: string; lines: readonly number[] };

const outsideFunctions = (sources: readonly PatchedSource[]) =>
  sources
    .map(({ path, original, applied }): Edit => {
      return { file: path, text: applied.text, lines: changesOutsideFunctions(original, applied) };
    })
    .filter(({ lines }) => lines.length > 0);

/** The last word wins: whatever the configuration says, with all types, in the object itself. */
const debug = ['-g', '-gno-split-dwarf', '-femit-struct-debug-detailed=any'];

/** kbuild's own object has them, unless the configuration is without debug information, or with a part of it only. */
async function originalTypes(ctx: StageContext, bench: Workbench, given: Given): Promise<Types> {
  const { unit, out } = given;
  const { command, directory } = unit;
  // Without it pahole leaves functions out whose parameters gcc did not keep. The pahole of 6.1 has no such option.
  const flags = (await functionsWithoutCrc(given)).size > 0 ? ['--btf_gen_optimized'] : [];
  const reference = readElf(await readFile(join(directory, 'reference.o')));
  const partial = command.argv.some((word) => /^-(gsplit-dwarf|femit-struct-debug)/.test(word));
  if (!partial && reference.sections.some(({ name }) => name === '.debug_info'))
    return typesOf(ctx, bench, { directory, object: 'reference.o', out, flags });
  await compileUnit(ctx, bench, { command, out, name: 'layout-before.o', flags: debug });
  return typesOf(ctx, bench, { directory: out, object: 'layout-before.o', out, flags });
}

type Types = {
  layouts: Layouts;
  prototypes: ReadonlyMap<string, string>;
  /** pahole's, for the other side. */
  flags: readonly string[];
};

async function typesOf(
  ctx: StageContext,
  bench: Workbench,
  { directory, object, out, flags = [] }: { directory: string; object: string; out: string; flags?: readonly string[] },
): Promise<Types> {
  const name = `${object}.btf`;
  const binds = [{ host: directory, inside: '/lpl/unit', access: 'read' as const }];
  const argv = [
    'pahole',
    '-J',
    ...flags,
    `--btf_encode_detached=${inside.out}/${name}`,
    `/lpl/unit/${object}`,
  ] as const;
  await runCommand(withTools(bench, { argv, out, binds }), { signal: ctx.signal });
  const btf = await readFile(join(out, name));
  const layouts = readLayouts(btf);
  // Without types every patch would pass.
  if (layouts.size === 0) throw new LabError('bug', `pahole finds no types in ${object}`);
  return { layouts, prototypes: readPrototypes(btf), flags };
}

/** Types whose definition changes, each at its line; only if there is none, those that change because others do. */
export function placed(changes: readonly LayoutChange[], edits: readonly Edit[]) {
  const direct = changes.flatMap(({ type, change }) =>
    edits.flatMap(({ file, text, lines }) => {
      const line = lines.find((each) => isDefinedAround(text, type, each));
      return line === undefined ? [] : [{ type, change, file, line }];
    }),
  );
  const [first] = edits;
  return direct.length > 0 ? direct : changes.map((each) => ({ ...each, file: first?.file, line: first?.lines[0] }));
}

/** Whether the declaration around that line, from its first line in the first column to its `}`, defines the type. */
function isDefinedAround(text: string, type: string, line: number): boolean {
  const lines = text.split('\n');
  const start = lines.slice(0, line).findLastIndex((each) => /^[^\s{]/.test(each));
  const end = lines.findIndex((each, index) => index >= line - 1 && each.startsWith('}'));
  const [keyword, name] = type.split(' ');
  const head = lines[start] ?? '';
  if (keyword === 'typedef') return new RegExp(`^\\}.*\\b${name}\\b`).test(lines[end] ?? '');
  if (keyword !== 'enumerator') return new RegExp(`\\b${keyword}\\s+${name}\\b[^;,)]*$`).test(head);
  return /^enum\b/.test(head) && new RegExp(`\\b${name}\\b`).test(lines.slice(start, end).join('\n'));
}
