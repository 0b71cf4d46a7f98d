// `lpl worker` and `lpl fleet`: this machine runs cells of matrices that are started elsewhere, and who else does.

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { FleetState, Lab, RedisAddress } from '../../lab.ts';
import { formatBytes } from '../format-bytes.ts';
import { runCli } from '../run-cli.ts';
import { table } from '../table.ts';
import { positive } from './matrix.ts';

type Options = { redis: string; redisCa?: string; jobs?: number };

export function addFleetCommands(program: Command, lab: () => Lab): void {
  onRedis(
    program
      .command('worker')
      .description('run cells of matrices that others start with `lpl matrix --fleet`, until Ctrl-C'),
  )
    .option('-j, --jobs <N>', 'cells at once, as far as memory allows (default: one for each CPU)', positive)
    .addHelpText(
      'after',
      '\nRedis is to run with a password and `appendonly yes`. Patches and programs of a cell run as this user in guests only.\n\nExample:\n  lpl worker --redis rediss://:secret@ci.example:6379 -j 4',
    )
    .action(({ jobs, ...options }: Options, command: Command) =>
      runCli('worker', command.optsWithGlobals(), async (ctx) => {
        const { worker, cells } = await lab().worker({ redis: redisOf(options), ...(jobs ? { jobs } : {}) }, ctx);
        return { json: { schema: 1, worker, cells }, text: `${worker} ran ${cells} ${cells === 1 ? 'cell' : 'cells'}` };
      }),
    );
  const fleet = program.command('fleet').description('the workers that run cells for others');
  onRedis(fleet.command('ls').description('who works, what they can run, and how many cells wait'))
    .addHelpText(
      'after',
      '\nA worker that died without a farewell is shown for a quarter of a minute more.\n\nExample:\n  lpl fleet ls --redis rediss://:secret@ci.example:6379',
    )
    .action((options: Options, command: Command) =>
      runCli('fleet ls', command.optsWithGlobals(), async () => {
        const state = await lab().fleet(redisOf(options));
        return { json: { schema: 1, ...state }, text: showState(state) };
      }),
    );
}

const onRedis = (command: Command): Command =>
  command
    .addOption(
      new Option('--redis <URL>', 'redis://:PASSWORD@HOST:6379, rediss:// for TLS')
        .env('LPL_REDIS')
        .makeOptionMandatory(),
    )
    .option('--redis-ca <FILE>', 'authority of its certificate, for rediss://');

const redisOf = ({ redis: url, redisCa }: Options): RedisAddress => ({
  url,
  ...(redisCa ? { caFile: resolve(redisCa) } : {}),
});

export function showState({ workers, cells }: FleetState): string {
  const rows = workers.map(({ id, arch, kvm, cpus, memoryMiB, jobs, running }) => [
    id,
    `${running} of ${jobs}`,
    arch,
    kvm ? 'yes' : 'no',
    String(cpus),
    formatBytes(memoryMiB * 2 ** 20),
  ]);
  return [
    ...(rows.length > 0 ? [table(['WORKER', 'RUNS', 'ARCH', 'KVM', 'CPUS', 'MEMORY'], rows)] : []),
    `${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}, ${cells.running} cells run, ${cells.waiting} wait`,
  ].join('\n');
}
