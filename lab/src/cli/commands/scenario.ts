import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Lab, ScenarioLint } from '../../lab.ts';
import { exitCodes } from '../exit-code.ts';
import { type CliResult, runCli } from '../run-cli.ts';

export function addScenarioCommands(program: Command, lab: () => Lab): void {
  const scenario = program.command('scenario').description('the files that `lpl trial` runs');
  scenario
    .command('new')
    .description('make a directory with a scenario that works, to change')
    .argument('DIRECTORY')
    .addHelpText('after', '\nExample:\n  lpl scenario new my-fix')
    .action((directory: string, _options: unknown, command: Command) =>
      runCli('scenario new', command.optsWithGlobals(), async () => {
        const path = await lab().scenarioNew(resolve(directory));
        return { json: { schema: 1, path }, text: `${path}\n  lpl trial ${path}` };
      }),
    );
  scenario
    .command('lint')
    .description('look a scenario over before anything is built or booted')
    .argument('SCENARIO.yaml')
    .addHelpText(
      'after',
      '\nExit code: 0 nothing stands against it, 1 something does.\n\nExample:\n  lpl scenario lint my-fix/scenario.yaml',
    )
    .action((path: string, _options: unknown, command: Command) =>
      runCli('scenario lint', command.optsWithGlobals(), async () => showLint(await lab().scenarioLint(resolve(path)))),
    );
}

function showLint(lint: ScenarioLint): CliResult {
  const { path, findings } = lint;
  const isBad = findings.some(({ level }) => level === 'error');
  const lines = findings.map(({ level, message }) => `${path}: ${level}: ${message}`);
  const text = lines.length > 0 ? lines.join('\n') : `${path}: nothing stands against it`;
  return { json: { schema: 1, ...lint }, text, ...(isBad ? { exitCode: exitCodes.fail } : {}) };
}
