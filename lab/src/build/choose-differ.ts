// Which differ is right for a kernel, and why.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readKernelConfig } from '../kernel/kernel-config.ts';
import type { Differ } from './differ.ts';
import { klpDiffer } from './klp-differ.ts';
import { kpatchDiffer } from './kpatch-differ.ts';

/** The differ for the kernel of that build tree, and the reason as the end of a sentence. */
export async function chooseDiffer(buildTree: string): Promise<{ differ: Differ; because: string }> {
  return differFor(readKernelConfig(await readFile(join(buildTree, '.config'), 'utf8')));
}

/** chooseDiffer, of a configuration. */
export function differFor(config: ReadonlyMap<string, string>): { differ: Differ; because: string } {
  // From 6.19 on, where create-diff-object would stumble over the new WARN.
  if (config.get('KLP_BUILD') === 'y') return { differ: klpDiffer, because: 'the kernel is built with KLP_BUILD' };
  return { differ: kpatchDiffer, because: 'the kernel has no KLP_BUILD' };
}
