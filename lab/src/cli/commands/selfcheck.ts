import { type Command, InvalidArgumentError } from 'commander';
import type { ControlResult, Lab } from '../../lab.ts';
import { exitCodes } from '../exit-code.ts';
import { type CliResult, runCli } from '../run-cli.ts';
import { table } from '../table.ts';

type Options = { quick?: boolean; list?: boolean; target?: string; jobs?: number };

export function addSelfcheckCommand(program: Command, lab: () => Lab): void {
  program
    .command('selfcheck')
    .description('make every kind of trouble for real, and see that a trial notices it, for the right reason')
    .argument('[CONTROL...]', 'only these; see --list')
    .option('--quick', 'only those that take a few seconds')
    .option('--list', 'say which there are, and run none')
    .option('--target <NAME>', 'a kernel; default the newest of the default target')
    .option('-j, --jobs <N>', 'machines at a time; default 2', positive)
    .addHelpText(
      'after',
      '\nExit code: 0 all caught, 1 one was missed, 69 one could not be shown.\n\nExample:\n  lpl selfcheck --quick\n  lpl selfcheck oops request-lost',
    )
    .action((ids: string[], options: Options, command: Command) =>
      runCli('selfcheck', command.optsWithGlobals(), async (ctx) => {
        const { list, ...request } = options;
        if (list) return showControls(lab().controls());
        return selfcheckOutcome(await lab().selfcheck({ ...request, ids }, ctx));
      }),
    );
}

function positive(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('a number from 1 to 99');
  return Number(text);
}

function showControls(controls: ReturnType<Lab['controls']>): CliResult {
  const rows = controls.map(({ id, title, quick }) => [id, quick ? 'yes' : '', title]);
  return { json: { schema: 1, controls }, text: table(['control', 'quick', 'what happens'], rows) };
}

/** 1 when one was missed, 69 when one could not be shown. */
export function selfcheckOutcome(results: readonly ControlResult[]): CliResult {
  const rows = results.map(({ id, result, ms, how }) => [id, result, `${(ms / 1000).toFixed(1)} s`, how.slice(0, 110)]);
  const count = (wanted: ControlResult['result']) => results.filter(({ result }) => result === wanted).length;
  const [caught, missed] = [count('caught'), count('missed')];
  const text = `${table(['control', 'result', 'time', 'by'], rows)}\n\n${caught} of ${results.length} caught`;
  const exitCode = missed > 0 ? exitCodes.fail : caught < results.length ? exitCodes.inconclusive : 0;
  return { json: { schema: 1, controls: results }, text, exitCode };
}
