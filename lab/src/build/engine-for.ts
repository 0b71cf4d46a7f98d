// Which engine builds a file: a patch of the source is taken apart, a livepatch in C is compiled.

import { LabError } from '../core/error.ts';
import type { BuildEngine } from './result.ts';

/** By the file's name, or as asked for. Throws `usage.invalid` when that engine cannot take such a file. */
export function engineFor(fileName: string, wanted?: BuildEngine): BuildEngine {
  const own = fileName.endsWith('.c') ? 'module' : 'objdiff';
  if (wanted === undefined || wanted === own) return own;
  throw new LabError('usage.invalid', `engine ${wanted} cannot build ${fileName}`, {
    hint: 'objdiff takes a unified diff, module a livepatch in C (NAME.c)',
  });
}
