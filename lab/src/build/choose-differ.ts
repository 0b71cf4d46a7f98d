// Which differ is right for a kernel, and why.

import type { Differ } from './differ.ts';
import { kpatchDiffer } from './kpatch-differ.ts';

/** The differ, and the reason as the end of a sentence. */
export function chooseDiffer(): { differ: Differ; because: string } {
  return { differ: kpatchDiffer, because: 'the kernel is older than 6.19' };
}
