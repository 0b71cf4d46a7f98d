// Which engine builds a file: a patch of the source is taken apart, a livepatch in C is compiled; the two that build a whole
// kernel are for those who ask for them, in their own tree. And why so, in a line.

import { LabError } from '../core/error.ts';
import { klpBuild } from './whole-kernel/klp-build.ts';
import { kpatchBuild } from './whole-kernel/kpatch-build.ts';
import type { TreeFacts } from './whole-kernel/whole-kernel-tool.ts';
import type { BuildEngine } from './result.ts';

export type EngineQuestion = {
  fileName: string;
  target: string;
  /** Of the target. */
  kind: 'stock' | 'tree';
  /** Undefined: the lab chooses. */
  wanted?: BuildEngine | undefined;
};

/** Throws `usage.invalid` when the engine that is asked for cannot take such a file, or such a target. */
export function engineFor({ fileName, target, kind, wanted }: EngineQuestion): BuildEngine {
  const own = fileName.endsWith('.c') ? 'module' : 'objdiff';
  if (wanted === undefined || wanted === own) return own;
  const buildsAll = wanted === 'klp-build' || wanted === 'kpatch-build';
  if (own === 'module' || !buildsAll)
    throw new LabError('usage.invalid', `engine ${wanted} cannot build ${fileName}`, {
      hint: 'module takes a livepatch in C (NAME.c), the others a unified diff',
    });
  if (kind === 'stock')
    throw new LabError(
      'usage.invalid',
      `${wanted} builds the whole kernel in your own tree; ${target} is a stock kernel`,
      {
        hint: 'leave --engine out: objdiff builds for it without building it; or name a tree, --target tree:PATH',
      },
    );
  return wanted;
}

/** What the other engines for patches would do with that kernel: the end of the line that explains objdiff. */
export function insteadOf({ kind, ...facts }: TreeFacts & { kind: 'stock' | 'tree' }): string {
  if (facts.config.has('X86_KERNEL_IBT') && !facts.config.has('KLP_BUILD')) return 'IBT on (kpatch-build refuses it)';
  const able = [klpBuild, kpatchBuild].find((tool) => tool.objection(facts) === undefined);
  if (!able) return 'no other engine takes it';
  return kind === 'tree' ? `${able.engine} would build the kernel twice` : `${able.engine} would need it built, twice`;
}
