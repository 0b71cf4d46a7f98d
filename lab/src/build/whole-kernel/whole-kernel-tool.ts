// What upstream's klp-build and kpatch-build have in common: each builds the whole kernel twice where its source lies, tells
// on its output what it is doing, and leaves a module. Everything around them is the same for both.

import type { Elf } from '../../kernel/elf.ts';
import type { KlpSymbol } from '../check/check-symbols.ts';
import type { ChangePlace } from '../differ/diff-messages.ts';
import type { Refused } from '../refused.ts';
import type { Step } from './follow-steps.ts';
import type { InView } from './tree-view.ts';

/** What decides whether a tool can build a tree. `config`: its .config, without CONFIG_. */
export type TreeFacts = { release: string; config: ReadonlyMap<string, string> };

export type ToolGiven = {
  moduleName: string;
  /** Atomic replace. */
  replace: boolean;
  jobs: number;
  source: string;
  /** The original kernel of this view is built already, from the tree as it is now. */
  isOriginalBuilt: boolean;
};

export type WholeKernelTool = {
  engine: 'klp-build' | 'kpatch-build';
  /** Why it cannot build that tree, as the end of a sentence; undefined when it can. Costs nothing. */
  objection(tree: TreeFacts): string | undefined;
  /** Files of the source that it edits for itself and restores, unless it is killed. */
  edits: readonly string[];
  /** Scripts of the source for awk that only gawk understands. */
  gawkScripts: readonly string[];
  /** Reads PATCH from /lpl/out/MODULE.patch and leaves /lpl/out/MODULE.ko. */
  command(given: ToolGiven): Omit<InView, 'out'>;
  /** File below the view's `tool` or `written` directory that exists once the original kernel is built. */
  originalBuilt: string | undefined;
  /** The step that a line of its output announces. */
  step(line: string): Step | undefined;
  /** File below the view that it logs to; what compilers say is there. */
  log: string | undefined;
  /** Names of functions, as the output tells them. */
  functions(output: string): { changed: string[]; added: string[] };
  /** Why it gave up, where that speaks against the patch; undefined when it does not. */
  refusal(output: string, place: ChangePlace): Refused | undefined;
  /** Functions that a finished module replaces, as its own tables say. */
  replacedFunctions(module: Elf): KlpSymbol[];
};
