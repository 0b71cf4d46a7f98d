import type { Command } from 'commander';
import type { CachedArtefact, Lab } from '../../lab.ts';
import { formatBytes } from '../format-bytes.ts';
import { runCli } from '../run-cli.ts';
import { table } from '../table.ts';

export function addCacheCommands(program: Command, lab: () => Lab): void {
  const cache = program.command('cache').description('what the lab keeps on this disk to be fast');
  cache
    .command('ls')
    .description('every artefact with its size, and the targets it is for')
    .addHelpText('after', '\nAll of it may be deleted when nothing runs; it is made again.\n\nExample:\n  lpl cache ls')
    .action((_options: unknown, command: Command) =>
      runCli('cache ls', command.optsWithGlobals(), async (ctx) => {
        const artefacts = await lab().cacheList(ctx);
        return {
          json: { schema: 1, directory: lab().paths.cache, artefacts },
          text: showCache(lab().paths.cache, artefacts),
        };
      }),
    );
}

export function showCache(directory: string, artefacts: readonly CachedArtefact[]): string {
  const sum = (of: readonly CachedArtefact[]) => formatBytes(of.reduce((total, { diskBytes }) => total + diskBytes, 0));
  const rows = artefacts.map(({ room, name, diskBytes, madeAt, targets }) => [
    room,
    formatBytes(diskBytes),
    new Date(madeAt).toISOString().slice(0, 10),
    name,
    targets.join(', '),
  ]);
  const rooms = [...new Set(artefacts.map(({ room }) => room))];
  const totals = rooms.map((room) => `${room} ${sum(artefacts.filter((each) => each.room === room))}`);
  return [
    ...(rows.length > 0 ? [table(['ROOM', 'SIZE', 'MADE', 'NAME', 'TARGETS'], rows)] : []),
    `${directory}: ${sum(artefacts)}${totals.length > 0 ? ` (${totals.join(', ')})` : ''}`,
  ].join('\n');
}
