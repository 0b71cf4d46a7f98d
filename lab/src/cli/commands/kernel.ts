// `lpl kernel`: kernels that the lab builds itself.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { defaultTargetName } from '../../kernel/target.ts';
import type { Lab } from '../../lab.ts';
import { runCli } from '../run-cli.ts';

type Options = { config: string; out?: string };

const help = `
A fragment says what the kernel is to have; all else is off (allnoconfig). One that cannot be honoured is refused before
anything is compiled. The same source and options are built once.

Example:
  lpl kernel build debian:trixie/cloud-amd64@6.12 --config tiny
  lpl vm up web1 --target tree:PATH
  lpl build fix.patch --target tree:PATH`;

export function addKernelCommands(program: Command, lab: () => Lab): void {
  const kernel = program.command('kernel').description('kernels that the lab builds itself, for a target of your own');
  kernel
    .command('build')
    .description('build a kernel from the source and with the compiler of a stock one (minutes)')
    .argument('[NAME]', 'whose source: debian:SUITE/FLAVOUR[@VERSION]', defaultTargetName)
    .option('--config <NAME>', 'configuration fragment: one of the lab, or a path', 'tiny')
    .option('--out <DIR>', 'where to put the tree (default: in the cache)')
    .addHelpText('after', help)
    .action((from: string, { config, out }: Options, command: Command) =>
      runCli('kernel build', command.optsWithGlobals(), async (ctx) => {
        const started = performance.now();
        const built = await lab().kernelBuild({ from, config, ...(out ? { out: resolve(out) } : {}) }, ctx);
        const ms = Math.round(performance.now() - started);
        const text = `${built.release} in ${(ms / 1000).toFixed(0)} s\n${built.target}`;
        return { json: { schema: 1, ...built, ms }, text };
      }),
    );
}
