// The last look at a livepatch module before anyone loads it: whatever the steps before assumed is checked against the file
// itself and against the target. A module that fails here would load and be wrong, or crash the machine.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Elf, type ElfSymbol, readElf, sectionBytes } from '../../kernel/elf.ts';
import { newObjtoolReasons } from '../compile/objtool.ts';
import { withoutEffect } from './check-effect.ts';
import { exportsOf } from './check-exports.ts';
import { sealedPointers } from './check-sealed.ts';
import { lostSections } from './check-sections.ts';
import { checkSymbols } from './check-symbols.ts';
import type { Differ, UnitDiff } from '../differ/differ.ts';
import type { BuildFacts } from '../kernel-facts.ts';
import { importedVersions, modinfoValues, readSymvers } from '../../kernel/module-metadata.ts';
import type { BuildReason } from '../result.ts';
import { reason } from '../reason.ts';
import type { Workbench } from '../workbench.ts';

export type CheckGiven = {
  /** Host path of the module. */
  module: string;
  facts: BuildFacts;
  diffs: readonly UnitDiff[];
  differ: Pick<Differ, 'replacedFunctions'>;
  /** What objtool said about the whole module. */
  warnings: readonly string[];
};

/** Reasons against the module; none when it fits the target. */
export async function checkModule(bench: Workbench, given: CheckGiven): Promise<BuildReason[]> {
  const { module, facts, diffs } = given;
  const { kernel } = bench;
  const read = (path: string) => readFile(path, 'utf8');
  const [bytes, kallsyms, symvers] = await Promise.all([
    readFile(module),
    read(kernel.facts.kallsyms),
    read(join(kernel.buildTree, 'Module.symvers')),
  ]);
  const elf = readElf(bytes, module);
  const sections = await Promise.all(diffs.map((diff) => lostSections(diff, elf)));
  return [
    ...withoutEffect(elf, diffs),
    ...madeExports(elf, diffs),
    ...fitsKernel(elf, { release: kernel.release, exported: readSymvers(symvers), file: diffs[0]?.unit.path ?? '' }),
    ...checkSymbols(elf, given.differ.replacedFunctions(elf), { kallsyms, units: diffs.map(({ unit }) => unit) }),
    ...sealedPointers(elf, facts.sealed).map((name) => reason('CO04', { function: name })),
    ...sections.flat(),
    ...newObjtoolReasons(
      { path: diffs[0]?.unit.path ?? '', objtoolWarnings: diffs.flatMap(({ objtoolWarnings }) => objtoolWarnings) },
      given.warnings,
      () => undefined,
    ),
  ];
}

/** NP09 says that exports are left out. A module that somebody wrote by hand (no diffs) may have its own. */
const madeExports = (elf: Elf, [first]: readonly UnitDiff[]) =>
  first ? [...exportsOf(elf)].map((symbol) => reason('module-export', { file: first.unit.path, symbol })) : [];

export type KernelFit = {
  /** `uname -r`. */
  release: string;
  /** Exported symbol -> CRC. */
  exported: ReadonlyMap<string, number>;
  /** For reasons that know no better place. */
  file: string;
};

/** Reasons against any module, whoever built it: another kernel's, wants what is not exported, or holds what only boot code fills in. */
export function fitsKernel(elf: Elf, { release, exported, file }: KernelFit): BuildReason[] {
  return [...checkVermagic(elf, release), ...checkVersions(elf, exported), ...checkRuntimeConstants(elf, file)];
}

/** The kernel compares the whole string; its first word is the release. */
function checkVermagic(elf: Elf, release: string): BuildReason[] {
  const have = modinfoValues(elf, 'vermagic')[0] ?? 'none';
  return have.split(' ')[0] === release ? [] : [reason('vermagic', { have, want: release })];
}

/** Every import must be exported by the target, in the version the module was compiled against. */
function checkVersions(elf: Elf, exported: ReadonlyMap<string, number>): BuildReason[] {
  const versions = importedVersions(elf);
  const imports = elf.symbols.filter(isImport).filter(({ name }) => !exported.has(name));
  return [
    ...imports.map(({ name }) => reason('symbol-missing', { symbol: name, object: 'vmlinux' })),
    ...[...versions].flatMap(([symbol, have]) => {
      const want = exported.get(symbol);
      const hex = (crc: number | undefined) => (crc === undefined ? 'none' : `0x${crc.toString(16)}`);
      return want === have ? [] : [reason('version-mismatch', { symbol, have: hex(have), want: hex(want) })];
    }),
  ];
}

const isImport = ({ name, section, bind }: ElfSymbol) => name !== '' && section === 0 && bind !== 'local';

/** The immediate that the kernel's boot code overwrites in vmlinux, and only there. */
const placeholder = Buffer.from('efcdab8967452301', 'hex');

function checkRuntimeConstants(elf: Elf, file: string): BuildReason[] {
  const holders = elf.sections.filter((section) => sectionBytes(elf, section).includes(placeholder));
  return holders.map(({ name }) => reason('runtime-constant', { file, function: name.replace(/^\.text\./, '') }));
}
