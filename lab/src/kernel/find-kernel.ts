// From a target name to a stock kernel of the mirror, with what was found kept on disk: a prepared target never needs the
// network again, and the list of a suite is asked for once a day.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { StageContext } from '../core/operation.ts';
import { readJson, writeJson } from '../core/store.ts';
import type { PackageView } from '../toolroot/package-view.ts';
import { listStockKernels, pickKernel, type StockKernel } from './catalog.ts';
import type { TargetName } from './target.ts';

const stockKernel = z.object({
  target: z.object({ suite: z.string(), flavour: z.string(), version: z.string() }),
  release: z.string(),
  image: z.array(z.string()),
  headers: z.string(),
  source: z.string(),
  compiler: z.string(),
});
const catalogFile = z.object({ schema: z.number(), kernels: z.array(stockKernel) });

const freshForMs = 24 * 3600_000;

/** Kernels of suite and flavour, newest first: those of the mirror (asked at most once a day). */
export async function stockKernels(
  ctx: StageContext,
  room: string,
  { suite, flavour }: TargetName,
  open: () => Promise<PackageView>,
): Promise<StockKernel[]> {
  const path = catalogPath(room, suite, flavour);
  const known = await readJson(path, catalogFile);
  if (known && (await stat(path)).mtimeMs > Date.now() - freshForMs) {
    ctx.cached();
    return known.kernels;
  }
  const kernels = await listStockKernels(ctx, await open(), flavour);
  await writeJson(path, { kernels });
  return kernels;
}

/** The kernel a target name means. Throws `kernel.unknown`. A version once prepared is found without asking the mirror. */
export async function findStockKernel(
  ctx: StageContext,
  room: string,
  target: TargetName,
  open: () => Promise<PackageView>,
): Promise<StockKernel> {
  if (target.version !== undefined) {
    const kept = await readJson(
      recordPath(room, target as Required<TargetName>),
      z.object({ schema: z.number(), kernel: stockKernel }),
    );
    if (kept) {
      ctx.cached();
      return kept.kernel;
    }
  }
  const kernel = pickKernel(await stockKernels(ctx, room, target, open), target);
  await writeJson(recordPath(room, kernel.target), { kernel });
  return kernel;
}

const catalogPath = (room: string, suite: string, flavour: string) => join(room, `catalog-${suite}-${flavour}.json`);
const recordPath = (room: string, { suite, flavour, version }: Required<TargetName>) =>
  join(room, `stock-${suite}-${flavour}-${version}.json`);
