// What the two ways to take a patched object apart have in common. Everything around it (compiling, the match with the
// running kernel, and every check of what comes out) is the same for both.

import type { OpContext } from '../../core/operation.ts';
import type { Elf } from '../../kernel/elf.ts';
import type { KlpSymbol } from '../check/check-symbols.ts';
import type { BuildFacts } from '../kernel-facts.ts';
import type { ModuleFrame } from '../link/module-frame.ts';
import type { PatchedUnit } from '../patched-unit.ts';
import type { Refused } from '../refused.ts';
import type { BuildReason, PatchedFunction } from '../result.ts';
import type { FinishOriginal, Unit } from '../unit/unit.ts';
import type { Workbench } from '../workbench.ts';

export type DifferName = 'create-diff-object' | 'objtool klp';

/** A unit whose patched source compiles. `out`: scratch directory with `patched.o` as the compiler made it. */
export type CompiledUnit = {
  unit: Unit;
  source: PatchedUnit;
  out: string;
  /** What of the patch the livepatch leaves out. */ notes?: readonly BuildReason[];
};

/** What became of one unit. */
export type UnitDiff = {
  unit: Unit;
  /** Host path of the whole patched object, its tables made by objtool. */
  patched: string;
  functions: PatchedFunction[];
  /** What objtool says about the original as well. */
  objtoolWarnings: readonly string[];
};

export type Extracted = {
  diffs: UnitDiff[];
  /** Objects with what changed, relative to the scratch directory; none when nothing did. */
  objects: string[];
};

export type ExtractGiven = {
  units: readonly CompiledUnit[];
  facts: BuildFacts;
  moduleName: string;
  /** Host directory; the units' own directories lie in it. */
  scratch: string;
};

export type Differ = {
  name: DifferName;
  finishOriginal: FinishOriginal;
  /** Takes out what the patch changed, or says why that cannot be done. */
  extract(ctx: OpContext, bench: Workbench, given: ExtractGiven): Promise<Extracted | Refused>;
  /** The module around the extracted objects. */
  frame: ModuleFrame;
  /** Functions that a finished module replaces, as its own tables say. */
  replacedFunctions(module: Elf): KlpSymbol[];
};
