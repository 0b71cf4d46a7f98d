// A build tree as a kernel developer has it: the O= directory of a small kernel (images/kconfig/tiny-guest.config), left by
// kbuild itself. Built once per source and configuration (5.5 minutes measured on two cores), then kept in the user's cache.

import { lstat, readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { artefactPath, ensureArtefact } from '../../lab/src/core/artefact.ts';
import { memo } from '../../lab/src/core/memo.ts';
import { runStage } from '../../lab/src/core/operation.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { runCommand } from '../../lab/src/core/process.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { inToolroot } from '../../lab/src/toolroot/sandbox.ts';
import { operate } from './operation.ts';
import { testBuildTree } from './stock-kernel.ts';

const fragment = new URL('../../images/kconfig/tiny-guest.config', import.meta.url).pathname;

/** Path of the tree. */
export const tinyTree = memo(async () => {
  const { source, toolroot } = await testBuildTree();
  const inputs = {
    source: basename(source),
    toolroot: basename(toolroot.path),
    options: (await readFile(fragment, 'utf8')).split('\n').filter((line) => line.includes('CONFIG_')),
  };
  const request = { room: cacheRooms(labPaths()).kernels, label: 'test-tree', inputs };
  // Paths recorded in the tree are those it will have once published.
  const inside = artefactPath(request);
  const make = async (host: string, signal: AbortSignal, ...words: string[]) => {
    const argv = ['nice', 'make', '-s', '-C', source, `O=${inside}`, 'CC=gcc', 'HOSTCC=gcc', ...words] as const;
    const read = [source, fragment].map((path) => ({ host: path, access: 'read' }) as const);
    const binds = [...read, { host, inside, access: 'write' } as const];
    await runCommand(inToolroot({ argv }, { toolroot, binds }), { signal, timeoutMs: 3600_000 });
  };
  return operate((ctx) =>
    runStage(ctx, { id: 'tree', title: 'tree' }, (stage) =>
      ensureArtefact(stage, request, async (directory) => {
        await make(directory, stage.signal, `KCONFIG_ALLCONFIG=${fragment}`, 'allnoconfig');
        await make(directory, stage.signal, `-j${availableParallelism()}`, 'bzImage', 'modules');
      }),
    ),
  );
});

/** Every file below, with what a write would change. */
export async function inventory(directory: string): Promise<string[]> {
  const names = ['.', ...(await readdir(directory, { recursive: true }))].sort();
  return Promise.all(
    names.map(async (name) => {
      const { mode, size, mtimeMs, ctimeMs } = await lstat(join(directory, name));
      return [name, mode, size, mtimeMs, ctimeMs].join(' ');
    }),
  );
}
