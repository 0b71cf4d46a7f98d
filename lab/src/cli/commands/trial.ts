import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Lab, TrialSummary } from '../../lab.ts';
import { exitCodes } from '../exit-code.ts';
import { type CliResult, runCli } from '../run-cli.ts';

export function addTrialCommands(program: Command, lab: () => Lab): void {
  program
    .command('trial')
    .description('boot a machine, livepatch it under load, and judge whether anything stopped')
    .argument('SCENARIO.yaml')
    .option('--target <NAME>', 'another kernel than the scenario says')
    .option('--cold', 'boot the machine instead of starting it from a snapshot')
    .option('--keep', 'leave the machine running when the trial has ended, with its livepatch live, to look into it')
    .addHelpText(
      'after',
      '\nExit code: 0 pass, 1 fail, 3 refused, 69 could not find out.\n\nExample:\n  lpl trial lab/examples/security-fixes/greeting.yaml',
    )
    .action((scenario: string, { cold, ...options }: { target?: string; cold?: true; keep?: true }, command: Command) =>
      runCli('trial', command.optsWithGlobals(), async (ctx) =>
        showTrial(
          await lab().trial({ scenario: resolve(scenario), ...options, start: cold ? 'cold' : 'snapshot' }, ctx),
        ),
      ),
    );
  program
    .command('demo')
    .description('real security fixes put into a stock Debian kernel that lacks them while it serves, against a reboot')
    .addHelpText('after', '\nSets up everything it needs.\n\nExample:\n  lpl demo')
    .action((_options: unknown, command: Command) =>
      runCli('demo', command.optsWithGlobals(), async (ctx) => showTrial(await lab().demo(ctx))),
    );
}

function showTrial(trial: TrialSummary): CliResult {
  const { verdict, reasons, checks, figures, report, machine } = trial;
  const why = verdict === 'pass' ? [`all ${checks} checks passed, each on positive evidence`] : reasons;
  const text = [
    '',
    `verdict: ${verdict.toUpperCase()}`,
    ...[...why, ...figures].map((line) => `  ${line}`),
    `report:  ${report}`,
    ...(machine
      ? [`machine: ${machine} runs on: \`lpl vm gdb|ssh|console ${machine}\`, then \`lpl vm rm ${machine}\``]
      : []),
  ];
  return { json: { schema: 1, ...trial }, text: text.join('\n'), exitCode: exitCodes[verdict] };
}
