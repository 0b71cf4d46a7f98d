// From a target name to a stock kernel of the mirror, with what was found kept on disk: a prepared target never needs the
// network again, and the list of a suite is asked for once a day.

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isLabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { isTorn } from '../core/remove-unused.ts';
import { readJson, writeJson } from '../core/store.ts';
import type { OpenPackageView } from '../toolroot/package-view.ts';
import { compareVersions, listStockKernels, pickKernel, type StockKernel } from './catalog.ts';
import type { StockName } from './target.ts';

const stockKernel = z.object({
  target: z.object({ suite: z.string(), flavour: z.string(), version: z.string() }),
  release: z.string(),
  image: z.array(z.string()),
  headers: z.string(),
  source: z.string(),
  compiler: z.string(),
});
const catalogFile = z.object({ schema: z.number(), kernels: z.array(stockKernel) });
const recordFile = z.object({ schema: z.number(), kernel: stockKernel });

const freshForMs = 24 * 3600_000;

/** Kernels of suite and flavour, newest first: those of the mirror (asked at most once a day). */
export async function stockKernels(
  ctx: StageContext,
  room: string,
  { suite, flavour }: StockName,
  open: OpenPackageView,
): Promise<StockKernel[]> {
  const path = catalogPath(room, suite, flavour);
  const known = await readJson(path, catalogFile);
  if (known && (await stat(path)).mtimeMs > Date.now() - freshForMs) {
    ctx.cached();
    return known.kernels;
  }
  try {
    const kernels = await listStockKernels(ctx, await open(ctx), flavour);
    await writeJson(path, { kernels });
    return kernels;
  } catch (error) {
    // Offline: what was prepared here is at hand all the same.
    if (!isLabError(error, 'packages.unavailable')) throw error;
    const kept = await keptKernels(room, { suite, flavour });
    if (kept.length === 0) throw error;
    ctx.note('the mirror cannot be reached; these were prepared before');
    return kept.sort((a, b) => compareVersions(b.release, a.release));
  }
}

/**
 * The kernel a target name means, or the one `back` before it. Throws `kernel.unknown`. A version once prepared is found
 * without asking the mirror.
 */
export async function findStockKernel(
  ctx: StageContext,
  room: string,
  { back, ...target }: StockName & { back: number },
  open: OpenPackageView,
): Promise<StockKernel> {
  if (target.version !== undefined && back === 0) {
    const kept = await readJson(recordPath(room, target as Required<StockName>), recordFile);
    if (kept) {
      ctx.cached();
      return kept.kernel;
    }
  }
  return pickKernel(await stockKernels(ctx, room, target, open), target, back);
}

/** Remembers a prepared kernel, so that it stays usable when the mirror has dropped it or cannot be reached. */
export async function keepKernel(room: string, kernel: StockKernel): Promise<void> {
  await writeJson(recordPath(room, kernel.target), { kernel });
}

/** Kernels of suite and flavour that were prepared here before, and are still whole. */
export async function keptKernels(room: string, { suite, flavour }: StockName): Promise<StockKernel[]> {
  const names = await readdir(room).catch(() => []);
  const kernels = await stockKernelRecords(room);
  return kernels
    .filter(({ target }) => target.suite === suite && target.flavour === flavour)
    .filter((kernel) => partsOf(kernel).every((part) => names.some((name) => isPart(name, part))));
}

/** Every kernel that was prepared here before, of whatever suite and flavour, whatever was pruned of it since. */
export async function stockKernelRecords(room: string): Promise<StockKernel[]> {
  const names = await readdir(room).catch(() => []);
  const records = names
    .filter((name) => name.startsWith('stock-') && name.endsWith('.json'))
    .map((name) => readJson(join(room, name), recordFile));
  return (await Promise.all(records)).flatMap((file) => file?.kernel ?? []);
}

/** Forgets the kernels of which nothing is left: those that the mirror has dropped do not exist any more. */
export async function forgetGoneKernels(room: string): Promise<void> {
  const names = await readdir(room).catch(() => []);
  for (const kernel of await stockKernelRecords(room))
    if (!partsOf(kernel).some((part) => names.some((name) => isPart(name, part))))
      await rm(recordPath(room, kernel.target), { force: true });
}

/** What of a kernel comes from the mirror, as debian-kernel.ts calls it. */
const partsOf = ({ release, target }: StockKernel) => [
  `image-${release}-`,
  `headers-${release}-`,
  `source-${target.version}-`,
];

const isPart = (name: string, part: string) => name.startsWith(part) && !isTorn(name);

const catalogPath = (room: string, suite: string, flavour: string) => join(room, `catalog-${suite}-${flavour}.json`);
const recordPath = (room: string, { suite, flavour, version }: Required<StockName>) =>
  join(room, `stock-${suite}-${flavour}-${version}.json`);
