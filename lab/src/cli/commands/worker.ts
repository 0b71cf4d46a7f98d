// `lpl worker`: this machine runs cells of matrices that are started elsewhere.

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Lab } from '../../lab.ts';
import { runCli } from '../run-cli.ts';
import { positive } from './matrix.ts';

type Options = { redis: string; redisCa?: string; jobs?: number };

export function addWorkerCommand(program: Command, lab: () => Lab): void {
  program
    .command('worker')
    .description('run cells of matrices that others start with `lpl matrix --fleet`, until Ctrl-C')
    .addOption(
      new Option('--redis <URL>', 'redis://:PASSWORD@HOST:6379, rediss:// for TLS')
        .env('LPL_REDIS')
        .makeOptionMandatory(),
    )
    .option('--redis-ca <FILE>', 'authority of its certificate, for rediss://')
    .option('-j, --jobs <N>', 'cells at once, as far as memory allows (default: one for each CPU)', positive)
    .addHelpText(
      'after',
      '\nRedis is to run with a password and `appendonly yes`. Patches and programs of a cell run as this user in guests only.\n\nExample:\n  lpl worker --redis rediss://:secret@ci.example:6379 -j 4',
    )
    .action(({ redis: url, redisCa, jobs }: Options, command: Command) =>
      runCli('worker', command.optsWithGlobals(), async (ctx) => {
        const redis = { url, ...(redisCa ? { caFile: resolve(redisCa) } : {}) };
        const { worker, cells } = await lab().worker({ redis, ...(jobs ? { jobs } : {}) }, ctx);
        return { json: { schema: 1, worker, cells }, text: `${worker} ran ${cells} ${cells === 1 ? 'cell' : 'cells'}` };
      }),
    );
}
