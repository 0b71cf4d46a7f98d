// The command tree of lpl.

import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { LabError } from '../core/error.ts';
import { version } from '../core/version.ts';
import { type Lab, openLab } from '../lab.ts';
import { addBuildCommand } from './commands/build.ts';
import { addCacheCommands } from './commands/cache.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addFleetCommands } from './commands/fleet.ts';
import { addImageCommands } from './commands/image.ts';
import { addKernelCommands } from './commands/kernel.ts';
import { addKlpCommands } from './commands/klp.ts';
import { addLintCommand } from './commands/lint.ts';
import { addMatrixCommands } from './commands/matrix.ts';
import { addNewCommand } from './commands/new.ts';
import { addPatchCommands } from './commands/patch.ts';
import { addSweepCommand } from './commands/sweep.ts';
import { addReportCommands } from './commands/report.ts';
import { addScenarioCommands } from './commands/scenario.ts';
import { addSelfcheckCommand } from './commands/selfcheck.ts';
import { addTargetCommands } from './commands/target.ts';
import { addTrialCommands } from './commands/trial.ts';
import { addVmCommands } from './commands/vm.ts';
import { exitCodes } from './exit-code.ts';
import { reportError } from './run-cli.ts';

/** `root`: the installation, where images/ and lab/examples/ are. */
export async function main(argv: string[], root: string): Promise<void> {
  let opened: Lab | undefined;
  const lab = () => (opened ??= openLab({ resources: resourcesOf(root) }));
  const program = commandTree(lab);
  endWithReader();
  const json = argv.includes('--json');
  if (json) muteUsage(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    process.exitCode = exitCodes.usage;
    if (json) reportError(usageError(error), { json });
  }
}

/** Who asked for JSON gets the error as such. */
function muteUsage(command: Command): void {
  command.configureOutput({ writeErr: () => undefined });
  for (const child of command.commands) muteUsage(child);
}

const usageError = ({ code, message }: CommanderError): LabError =>
  new LabError('usage.invalid', code === 'commander.help' ? 'no command is given' : message.replace(/^error: /, ''), {
    hint: 'see the --help of the command',
  });

/** As SIGPIPE ends others: when nobody reads any more (`| head`), what runs is cancelled, and there is no error to tell. */
function endWithReader(): void {
  let isGone = false;
  const onError = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!isGone) process.emit('SIGHUP', 'SIGHUP');
    isGone = true;
  };
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onError);
}

/** All commands; `lab` is opened by the first that needs it. */
export function commandTree(lab: () => Lab): Command {
  const program = new Command('lpl')
    .description('Livepatch Lab: author livepatches, boot VMs of target kernels, load them, prove that nothing stopped')
    .version(version)
    .option('--json', 'result as JSON on stdout, events as NDJSON on stderr')
    .option('--verbose', 'show the output of the tools that run')
    .enablePositionalOptions()
    .exitOverride();
  for (const add of [
    addDoctorCommand,
    addTargetCommands,
    addLintCommand,
    addNewCommand,
    addPatchCommands,
    addBuildCommand,
    addExplainCommand,
    addKernelCommands,
    addImageCommands,
    addCacheCommands,
    addVmCommands,
    addKlpCommands,
    addTrialCommands,
    addScenarioCommands,
    addReportCommands,
    addSelfcheckCommand,
    addMatrixCommands,
    addSweepCommand,
    addFleetCommands,
  ])
    add(program, lab);
  shareCommonOptions(program);
  return program;
}

const resourcesOf = (root: string) => ({
  guest: join(root, 'images/guest'),
  profiles: join(root, 'images/profiles'),
  kconfig: join(root, 'images/kconfig'),
  examples: join(root, 'lab/examples'),
  selfcheck: join(root, 'lab/selfcheck'),
});

/** --json and --verbose are understood before and after the command's own words. */
function shareCommonOptions(command: Command): void {
  for (const child of command.commands) {
    child
      .option('--json', 'result as JSON on stdout, events as NDJSON on stderr')
      .option('--verbose', 'show the output of the tools that run');
    child.exitOverride();
    shareCommonOptions(child);
  }
}
