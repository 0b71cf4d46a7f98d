// `lpl cache`: what the lab keeps on disk, and the bound on it.

import { type Command, InvalidArgumentError } from 'commander';
import type { CachedArtefact, Lab, PruneResult } from '../../lab.ts';
import { formatBytes } from '../format-bytes.ts';
import { runCli } from '../run-cli.ts';
import { table } from '../table.ts';

const pruneHelp = `
What was used longest ago goes first. What a running build, machine or trial reads stays, whoever runs it; so does what stopped
machines and their snapshots build on, and what has a short name (\`lpl target add\`). Whatever goes is made again when it is
asked for, but a stock kernel that the mirror has dropped. Killed in the middle, it leaves a cache that is as good as before.

Example:
  lpl cache prune --max-size 20G --dry-run
  lpl cache prune --older-than 14d`;

type PruneOptions = { olderThan?: number; maxSize?: number; dryRun?: boolean };

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
  cache
    .command('prune')
    .description('delete what was used longest ago (default: what was not used for 30 days)')
    .option('--older-than <AGE>', 'what was not used for so long: 12h, 14d', parseAge)
    .option('--max-size <SIZE>', 'until all of it is at most so large: 500M, 20G', parseSize)
    .option('--dry-run', 'only say what would go')
    .addHelpText('after', pruneHelp)
    .action(({ olderThan, maxSize, dryRun }: PruneOptions, command: Command) =>
      runCli('cache prune', command.optsWithGlobals(), async (ctx) => {
        const age = olderThan ?? (maxSize === undefined ? 30 * dayMs : undefined);
        const how = dryRun ? 'report' : 'delete';
        const limits = {
          ...(age === undefined ? {} : { olderThanMs: age }),
          ...(maxSize === undefined ? {} : { maxBytes: maxSize }),
        };
        const result = await lab().cachePrune({ ...limits, how }, ctx);
        return { json: { schema: 1, dryRun: dryRun ?? false, ...result }, text: showPruned(result, how) };
      }),
    );
}

const hourMs = 3600_000;
const dayMs = 24 * hourMs;

export function parseAge(text: string): number {
  const [, count, unit] = /^(\d+)(h|d)$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('write a number and h or d, such as 14d.');
  return Number(count) * (unit === 'h' ? hourMs : dayMs);
}

export function parseSize(text: string): number {
  const [, count, unit = ''] = /^(\d+)([MG])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('write a number and M or G, such as 20G.');
  return Number(count) * (unit === 'M' ? 2 ** 20 : 2 ** 30);
}

export function showPruned({ removed, spared, freedBytes, leftBytes }: PruneResult, how: 'delete' | 'report'): string {
  const row = (each: CachedArtefact, why: string) => [each.room, formatBytes(each.diskBytes), each.name, why];
  const rows = [
    ...removed.map((each) => row(each, '')),
    ...spared.map((each) => row(each, `stays, used by ${each.keptBy}`)),
  ];
  const [freed, left] = how === 'delete' ? ['freed', 'are left'] : ['would free', 'would be left'];
  return [
    ...(rows.length > 0 ? [table(['ROOM', 'SIZE', 'NAME', ''], rows)] : []),
    `${freed} ${formatBytes(freedBytes)}; ${formatBytes(leftBytes)} ${left}`,
  ].join('\n');
}

export function showCache(directory: string, artefacts: readonly CachedArtefact[]): string {
  const sum = (of: readonly CachedArtefact[]) => formatBytes(of.reduce((total, { diskBytes }) => total + diskBytes, 0));
  const rows = artefacts.map(({ room, name, diskBytes, usedAt, targets }) => [
    room,
    formatBytes(diskBytes),
    new Date(usedAt).toISOString().slice(0, 10),
    name,
    targets.join(', '),
  ]);
  const rooms = [...new Set(artefacts.map(({ room }) => room))];
  const totals = rooms.map((room) => `${room} ${sum(artefacts.filter((each) => each.room === room))}`);
  return [
    ...(rows.length > 0 ? [table(['ROOM', 'SIZE', 'USED', 'NAME', 'TARGETS'], rows)] : []),
    `${directory}: ${sum(artefacts)}${totals.length > 0 ? ` (${totals.join(', ')})` : ''}`,
  ].join('\n');
}
