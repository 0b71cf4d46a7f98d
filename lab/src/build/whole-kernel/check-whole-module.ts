// The last look at a module that another tool built: what it assumed about the target, as far as the file tells.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Elf, readElf } from '../../kernel/elf.ts';
import { parseKallsyms } from '../../kernel/kallsyms.ts';
import { readSymvers } from '../../kernel/module-metadata.ts';
import type { TargetKernel } from '../../kernel/target.ts';
import { fitsKernel } from '../check/check-module.ts';
import { sealedPointers } from '../check/check-sealed.ts';
import { type KlpSymbol, relocationSymbols } from '../check/check-symbols.ts';
import { sealedFunctions } from '../kernel-facts.ts';
import { reason } from '../reason.ts';
import type { BuildReason } from '../result.ts';
import { untracedRule } from '../check/untraced-rule.ts';

export type WholeModule = {
  elf: Elf;
  /** Functions it replaces, as its own tables say. */
  replaced: readonly KlpSymbol[];
  /** First file of the patch, for reasons that know no better place. */
  file: string;
  config: ReadonlyMap<string, string>;
};

/** Reasons against the module; none when it fits the target. */
export async function checkWholeModule(kernel: TargetKernel, module: WholeModule): Promise<BuildReason[]> {
  const { elf, replaced, file, config } = module;
  const { facts, buildTree } = kernel;
  const [kallsyms, patchable, symvers] = await Promise.all(
    [facts.kallsyms, facts.patchableFunctions, join(buildTree, 'Module.symvers')].map((path) => readFile(path, 'utf8')),
  );
  if (replaced.length === 0) return [reason('nothing-replaced', { file })];
  const hasIbt = config.has('X86_KERNEL_IBT');
  const image = hasIbt ? readElf(await readFile(join(buildTree, 'vmlinux'))) : undefined;
  const sealed = image ? sealedFunctions(image, kallsyms ?? '') : [];
  return [
    ...fitsKernel(elf, { release: kernel.release, exported: readSymvers(symvers ?? ''), file }),
    ...lostUnwinding(elf, { file, config }),
    ...judgePositions([...relocationSymbols(elf), ...replaced], { kallsyms: kallsyms ?? '', file }),
    ...judgeTraced(replaced, { patchable: patchable ?? '', file }),
    ...sealedPointers(elf, sealed).map((name) => reason('CO04', { file, function: name })),
  ];
}

/**
 * Symbols of vmlinux that the kernel would not find, or not the right one of several. The tools count positions in the whole
 * kernel's own symbols; what they cannot know is that the kernel that runs has others.
 */
export function judgePositions(
  symbols: readonly KlpSymbol[],
  { kallsyms, file }: { kallsyms: string; file: string },
): BuildReason[] {
  const counts = new Map<string, number>();
  for (const { name } of parseKallsyms(kallsyms).symbols) counts.set(name, (counts.get(name) ?? 0) + 1);
  return symbols.flatMap(({ object, name: symbol, position }) => {
    if (object !== 'vmlinux') return [];
    const count = counts.get(symbol) ?? 0;
    if (count === 0) return [reason('symbol-missing', { file, symbol, object })];
    // 0 stands for "the only one".
    return position > count || (position === 0 && count > 1) ? [reason('NP14', { file, symbol, object })] : [];
  });
}

/** Functions that ftrace cannot redirect; of init code, which is gone by then, klp-build makes livepatches that fail to load. */
export function judgeTraced(
  replaced: readonly KlpSymbol[],
  { patchable, file }: { patchable: string; file: string },
): BuildReason[] {
  const traced = new Set(patchable.split('\n'));
  return replaced
    .filter(({ object, name }) => object === 'vmlinux' && !traced.has(name))
    .map(({ object, name }) => reason(untracedRule(name), { file, function: name, symbol: name, object }));
}

/** Where objtool gave up there is a warning, a module, and no reliable stack through it. */
export function lostUnwinding(
  elf: Elf,
  { file, config }: { file: string; config: ReadonlyMap<string, string> },
): BuildReason[] {
  const has = (name: string) => elf.sections.some((section) => section.name === name && section.size > 0);
  const wanted = config.get('UNWINDER_ORC') === 'y' ? ['.orc_unwind_ip'] : [];
  return wanted.filter((name) => !has(name)).map((section) => reason('section-lost', { file, section }));
}
