// Which differ is right for a kernel, and why.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readKernelConfig } from '../../kernel/kernel-config.ts';
import type { Differ } from './differ.ts';
import { klpDiffer } from './klp-differ.ts';
import { kpatchDiffer } from './kpatch-differ.ts';

export type DifferChoice = {
  differ: Differ;
  /** The reason, as the end of a sentence. */
  because: string;
  /** What decided it: the kernel's .config, without CONFIG_. */
  config: ReadonlyMap<string, string>;
};

/** The differ for the kernel of that build tree. */
export async function chooseDiffer(buildTree: string): Promise<DifferChoice> {
  return differFor(readKernelConfig(await readFile(join(buildTree, '.config'), 'utf8')));
}

/** chooseDiffer, of a configuration. */
export function differFor(config: ReadonlyMap<string, string>): DifferChoice {
  // From 6.19 on, where create-diff-object would stumble over the new WARN.
  if (config.get('KLP_BUILD') === 'y') return { differ: klpDiffer, because: 'KLP_BUILD', config };
  return { differ: kpatchDiffer, because: 'no KLP_BUILD', config };
}
