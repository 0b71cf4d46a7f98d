import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { KlpPatchStatus, Lab } from '../../lab.ts';
import { type CliContext, type CliResult, runCli } from '../run-cli.ts';

type TimeoutOption = { timeout: string };

export function addKlpCommands(program: Command, lab: () => Lab): void {
  const klp = program.command('klp').description('livepatches of a running machine');
  const verb = (name: string, description: string, argument: [string, string] | undefined, example: string) => {
    const command = klp.command(name).description(description).argument('NAME', 'machine');
    if (argument) command.argument(...argument);
    return command.addHelpText('after', `\nExample:\n  ${example}`);
  };
  const run =
    (name: string, body: (ctx: CliContext, vm: string, module: string, timeoutMs: number) => Promise<CliResult>) =>
    (vm: string, module: string, options: TimeoutOption, command: Command) =>
      runCli(name, command.optsWithGlobals(), (ctx) => body(ctx, vm, module, Number(options.timeout) * 1000));
  const timeout = ['--timeout <SECONDS>', 'reverse the transition if it is not complete by then', '60'] as const;

  verb(
    'load',
    'load a livepatch module and follow its transition',
    ['FILE.ko', 'livepatch module'],
    'lpl klp load web1 fix.ko',
  )
    .option(...timeout)
    .action(
      run('klp load', async (ctx, vm, module, timeoutMs) => {
        const status = await lab().klpLoad({ vm, module: resolve(module), timeoutMs }, ctx);
        return { json: { schema: 1, ...status }, text: showPatches([status]) };
      }),
    );
  verb('status', 'what is live, per object and function', undefined, 'lpl klp status web1').action(
    (vm: string, _options: unknown, command: Command) =>
      runCli('klp status', command.optsWithGlobals(), async (ctx) => {
        const patches = await lab().klpStatus(vm, ctx);
        return { json: { schema: 1, patches }, text: patches.length === 0 ? 'no livepatch' : showPatches(patches) };
      }),
  );
  verb('disable', 'go back to the old code', ['MODULE', 'name as in klp status'], 'lpl klp disable web1 livepatch_fix')
    .option(...timeout)
    .action(
      run('klp disable', async (ctx, vm, module, timeoutMs) => {
        await lab().klpDisable({ vm, module, timeoutMs }, ctx);
        return { json: { schema: 1, module, enabled: false }, text: `${module} is disabled` };
      }),
    );
  verb(
    'unload',
    'disable if need be, then remove the module',
    ['MODULE', 'name as in klp status'],
    'lpl klp unload web1 livepatch_fix',
  )
    .option(...timeout)
    .action(
      run('klp unload', async (ctx, vm, module, timeoutMs) => {
        await lab().klpUnload({ vm, module, timeoutMs }, ctx);
        return { json: { schema: 1, module, loaded: false }, text: `${module} is unloaded` };
      }),
    );
}

function showPatches(patches: readonly KlpPatchStatus[]): string {
  return patches
    .flatMap(({ name, enabled, transition, objects }) => [
      `${name}: ${transition ? 'in transition' : enabled ? 'enabled' : 'disabled'}`,
      ...objects.flatMap((object) => object.functions.map((fn) => `  ${object.name}: ${fn}`)),
    ])
    .join('\n');
}
