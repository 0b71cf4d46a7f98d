import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { KlpPatch, Lab, TransitionResult } from '../../lab.ts';
import { exitCodes } from '../exit-code.ts';
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
        const outcome = await lab().klpLoad({ vm, module: resolve(module), timeoutMs }, ctx);
        const text = [showTransition(outcome.module, outcome.transition), showPatches(outcome.patches)].join('\n');
        return { json: { schema: 1, ...outcome }, text, exitCode: exitCodeOf(outcome.transition) };
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
        const transition = await lab().klpDisable({ vm, module, timeoutMs }, ctx);
        return {
          json: { schema: 1, module, transition },
          text: showTransition(module, transition),
          exitCode: exitCodeOf(transition),
        };
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

const exitCodeOf = ({ outcome }: TransitionResult) => (outcome === 'complete' ? exitCodes.pass : exitCodes.fail);

function showTransition(module: string, { direction, outcome, startedAt, endedAt, stalled }: TransitionResult): string {
  const took = `${((endedAt - startedAt) / 1000).toFixed(2)} s`;
  if (outcome === 'complete')
    return `${module}: every task ${direction === 'patching' ? 'patched' : 'unpatched'} in ${took}`;
  const blockers = stalled.flatMap(({ pid, comm, state, stack }) => [
    `  ${comm}[${pid}] ${state}`,
    ...stack.map((frame) => `    ${frame}`),
  ]);
  return [
    `${module}: ${direction} stalled and was ${outcome === 'reversed' ? 'rolled back' : 'stuck'} after ${took}; held back by`,
    ...blockers,
  ].join('\n');
}

function showPatches(patches: readonly KlpPatch[]): string {
  return patches
    .flatMap(({ name, enabled, transition, objects }) => [
      `${name}: ${transition ? 'in transition' : enabled ? 'enabled' : 'disabled'}`,
      ...objects.flatMap((object) => object.functions.map((fn) => `  ${object.name}: ${fn}`)),
    ])
    .join('\n');
}
