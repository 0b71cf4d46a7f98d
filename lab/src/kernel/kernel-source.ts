// Pristine kernel source by name, without anything else of the kernel: a directory, or the source of a stock kernel.

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import type { CacheRooms } from '../core/rooms.ts';
import { ensureStockSource, resolveTarget } from './prepare-kernel.ts';

/** Directory of the source. Throws `usage.invalid` for a directory without kernel source, or as resolveTarget does. */
export async function resolveSource(ctx: OpContext, rooms: CacheRooms, name: string): Promise<string> {
  if (name.startsWith('debian:')) return ensureStockSource(ctx, rooms, await resolveTarget(ctx, rooms, name));
  const directory = resolve(name);
  const isSource = await stat(join(directory, 'Kbuild')).catch(() => undefined);
  if (isSource?.isFile()) return directory;
  throw new LabError('usage.invalid', `${name} is no kernel source`, {
    hint: 'name a source directory, or a target such as debian:trixie/cloud-amd64@6.12 (`lpl target ls` shows them)',
  });
}
