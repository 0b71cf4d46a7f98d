// Keeps a finished livepatch module where its user looks for it.

import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Workbench } from './workbench.ts';

type Given = { /** Host path. */ module: string; moduleName: string; out?: string | undefined };

/**
 * Copies the module to `out`, or into the cache, under its content there: two builds of patches that have the same name each
 * get their own. Nobody ever sees half a file.
 */
export async function keepModule(
  { room }: Pick<Workbench, 'room'>,
  { module, moduleName, out }: Given,
): Promise<string> {
  const content = createHash('sha256')
    .update(await readFile(module))
    .digest('hex')
    .slice(0, 16);
  const kept = out ?? join(room, 'modules', content, `${moduleName}.ko`);
  await mkdir(dirname(kept), { recursive: true });
  const temporary = `${kept}.tmp-${process.pid}-${content}`;
  try {
    await copyFile(module, temporary);
    await rename(temporary, kept);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return kept;
}
