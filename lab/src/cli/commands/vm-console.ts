// `lpl vm console`.

import type { Command } from 'commander';
import { LabError } from '../../core/error.ts';
import type { ConsoleLine, Lab } from '../../lab.ts';
import { attachConsole } from '../attach-console.ts';
import { runCli } from '../run-cli.ts';

type ConsoleOptions = { lines: string; follow: boolean; readOnly?: boolean; times?: boolean; json?: boolean };

export function addVmConsoleCommand(vm: Command, lab: () => Lab): void {
  vm.command('console')
    .description(
      'the serial console: its last lines, then a terminal that Ctrl-] leaves; of a stopped machine, its log',
    )
    .argument('NAME')
    .option('--lines <N>', 'lines to show of what was printed before', '200')
    .option('--no-follow', 'only those (so too with --json)')
    .option('--read-only', 'follow the log, without a terminal; any number may')
    .option('--times', "begin each line of the log with the host's time")
    .addHelpText('after', '\nExample:\n  lpl vm console web1\n  lpl vm console web1 --no-follow --times --lines 1000')
    .action((name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConsoleOptions>();
      return runCli('vm console', options, async (ctx) => {
        const count = Number(options.lines);
        if (!/^\d{1,6}$/.test(options.lines))
          throw new LabError('usage.invalid', `--lines ${options.lines}: not a number`, { hint: 'write --lines 1000' });
        const { state } = await lab().vmShow(name, ctx);
        const { lines, end } = await lab().vmConsole(name, count, ctx);
        if (options.json || !options.follow)
          return { json: { schema: 1, lines }, text: lines.map((line) => show(line, options)).join('\n') };
        for (const line of lines) process.stdout.write(`${show(line, options)}\n`);
        if (state === 'stopped' || state === 'panicked')
          return { json: null, text: `(${name} is ${state}; this was its log)` };
        if (options.readOnly)
          await lab().vmFollowConsole(name, end, ctx, (line) => void process.stdout.write(`${show(line, options)}\n`));
        else await attachConsole(lab(), name, ctx);
        return { json: null, text: '' };
      });
    });
}

function show({ text, at }: ConsoleLine, { times }: ConsoleOptions): string {
  return times && at !== undefined ? `${new Date(at).toISOString()} ${text}` : text;
}
