import type { Command } from 'commander';
import { defaultTargetName } from '../../kernel/target.ts';
import type { Lab } from '../../lab.ts';
import { runCli } from '../run-cli.ts';
import { table } from '../table.ts';

export function addTargetCommands(program: Command, lab: () => Lab): void {
  const target = program.command('target').description('target kernels: what can be booted and built for');
  target
    .command('ls')
    .description('kernels the mirror has, and which are prepared')
    .argument('[NAME]', 'suite and flavour, or tree:PATH', defaultTargetName)
    .addHelpText('after', '\nExample:\n  lpl target ls debian:bookworm/cloud-amd64')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('target ls', command.optsWithGlobals(), async (ctx) => {
        const targets = await lab().listTargets(name, ctx);
        const rows = targets.map((t) => [t.name, t.release, t.prepared ? 'prepared' : '']);
        return { json: { schema: 1, targets }, text: table(['TARGET', 'RELEASE', ''], rows) };
      }),
    );
  target
    .command('prepare')
    .description('fetch a kernel, its source and its compiler, and make ready to build for it')
    .argument('[NAME]', 'debian:SUITE/FLAVOUR[@VERSION]', defaultTargetName)
    .addHelpText('after', '\nExample:\n  lpl target prepare debian:trixie/cloud-amd64')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('target prepare', command.optsWithGlobals(), async (ctx) => {
        const prepared = await lab().prepareTarget(name, ctx);
        return { json: { schema: 1, ...prepared }, text: `${prepared.name} is ready\nsource: ${prepared.source}` };
      }),
    );
}
