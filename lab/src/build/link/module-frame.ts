// The module around the extracted objects: a differ's own code, which registers the livepatch when it is loaded, and how
// the whole is linked.

import type { OpContext } from '../../core/operation.ts';
import type { BuildFacts } from '../kernel-facts.ts';
import type { Workbench } from '../workbench.ts';

export type ModuleFrame = {
  /** Puts the sources of the frame and a Makefile for the probe of that name into a directory. */
  write(bench: Workbench, given: { directory: string; probe: string }): Promise<void>;
  /** The object made of the frame's code. */
  object: string;
  /** Words for the make that records the recipe. */
  makeWords(facts: BuildFacts): string[];
  /** What that make warns of, though all is well. */
  expectedWarning?: RegExp;
  /** Compiler flags of the frame's code. `replace`: atomic replace of all earlier livepatches. */
  flags(replace: boolean): string[];
  /** objtool's work: on the frame's object (the extracted ones have their tables), or on the module when it is whole. */
  objtool: 'frame' | 'module';
  /** Linker script of the recipe's directory, when the parts need one. */
  script?: string;
  /** Makes the module out of `out/linked.ko`: `out/NAME.ko`. */
  finish(ctx: OpContext, bench: Workbench, given: { out: string; name: string }): Promise<void>;
};
