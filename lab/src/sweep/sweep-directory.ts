// A sweep on disk: one small file for every patch that was tried, named by the content of the patch and of the target. A
// sweep that was killed finds there what it need not do again.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { contentKey } from '../core/artefact.ts';
import { readJson, writeJson } from '../core/store.ts';
import { itemResult } from './item-result.ts';
import type { SweepItem } from './sweep-item.ts';

const file = z.object({
  schema: z.number(),
  /** Whether it still waits for its proof. */
  state: z.enum(['built', 'done']),
  result: itemResult,
});

export type KeptItem = Omit<z.infer<typeof file>, 'schema'>;

export type SweepDirectory = {
  path: string;
  read(item: SweepItem): Promise<KeptItem | undefined>;
  keep(item: SweepItem, kept: KeptItem): Promise<void>;
  /** Where the module of the item goes. */
  moduleOf(item: SweepItem): string;
  dropModule(item: SweepItem): Promise<void>;
  /** Short, unique, and the same for the same patch. */
  keyOf(item: SweepItem): string;
};

/** Raised when the builder makes another module of the same patch, or judges it otherwise. */
const builderFormat = 2;

/** `target`: names the kernel with everything that a build for it depends on. */
export async function openSweepDirectory(path: string, target: string): Promise<SweepDirectory> {
  await mkdir(join(path, 'modules'), { recursive: true, mode: 0o700 });
  const keyOf = ({ name, patch }: SweepItem) => contentKey({ name, patch, target, builderFormat });
  const fileOf = (item: SweepItem) => join(path, 'items', `${keyOf(item)}.json`);
  const moduleOf = (item: SweepItem) => join(path, 'modules', `${keyOf(item)}.ko`);
  return {
    path,
    keyOf,
    moduleOf,
    read: async (item) => {
      const kept = await readJson(fileOf(item), file);
      return kept && { state: kept.state, result: kept.result };
    },
    keep: (item, kept) => writeJson(fileOf(item), kept),
    dropModule: (item) => rm(moduleOf(item), { force: true }),
  };
}
