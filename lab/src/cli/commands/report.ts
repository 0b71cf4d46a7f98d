import { type Command, Option } from 'commander';
import type { Comparison, Lab, ReportFormat, TrialEntry } from '../../lab.ts';
import { reportFormats } from '../../lab.ts';
import { type CliResult, runCli } from '../run-cli.ts';
import { table } from '../table.ts';
import { positive } from './matrix.ts';

type ReportOptions = { format?: ReportFormat; out?: string; open?: boolean };

export function addReportCommands(program: Command, lab: () => Lab): void {
  program
    .command('report')
    .description('a trial that has been judged, in the format that a reader or a tool wants')
    .argument('[TRIAL]', 'its id or the end of it, or its directory; default the last', 'last')
    .addOption(new Option('--format <FORMAT>', 'default: only the path of the HTML report').choices(reportFormats))
    .option('--out <FILE>', 'write it there instead of to stdout; html without --format')
    .option('--open', 'open the HTML report in a browser')
    .addHelpText('after', '\nExample:\n  lpl report --format junit --out junit.xml\n  lpl report 9f8f --open')
    .action((trial: string, options: ReportOptions, command: Command) =>
      runCli('report', command.optsWithGlobals(), async (ctx) => {
        const { open = false, ...wanted } = options;
        const { content, report, verdict } = await lab().report({ trial, open, ...wanted }, ctx);
        return { json: { schema: 1, report, verdict, content }, text: content ?? options.out ?? report };
      }),
    );
  program
    .command('history')
    .description('the trials there were, the newest first')
    .option('--count <N>', 'how many', positive, 20)
    .addHelpText('after', '\nExample:\n  lpl history')
    .action((options: { count: number }, command: Command) =>
      runCli('history', command.optsWithGlobals(), async () => showHistory(await lab().trialList(options.count))),
    );
  program
    .command('compare')
    .description('two trials side by side: figures, and what came out differently')
    .argument('TRIAL', 'its id or the end of it, or its directory')
    .argument('[TRIAL]', 'the other; default the last', 'last')
    .addHelpText('after', '\nExample:\n  lpl compare 9f8f e988')
    .action((before: string, after: string, _options: unknown, command: Command) =>
      runCli('compare', command.optsWithGlobals(), async () =>
        showComparison(await lab().compareTrials(before, after)),
      ),
    );
}

function showHistory(trials: readonly TrialEntry[]): CliResult {
  const time = (at?: number) => (at === undefined ? '' : new Date(at).toISOString().slice(0, 16).replace('T', ' '));
  const rows = trials.map(({ id, verdict, state, startedAt, target, title, reasons }) => [
    id,
    time(startedAt),
    verdict ?? state,
    target ?? '',
    title ?? '',
    verdict === 'pass' ? '' : shortened(reasons[0] ?? '', 80),
  ]);
  const head = ['trial', 'began (UTC)', 'verdict', 'target', 'scenario', 'why'];
  return { json: { schema: 1, trials }, text: rows.length > 0 ? table(head, rows) : 'no trials yet: `lpl trial FILE`' };
}

const shortened = (text: string, chars: number) => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text);

function showComparison(comparison: Comparison): CliResult {
  const { before, after, figures, checks } = comparison;
  const percent = (change?: number) =>
    change === undefined || change === 0 ? '' : `${change > 0 ? '+' : ''}${(change * 100).toFixed(0)} %`;
  const rows = figures.map(({ figure, before: was, after: is, change }) => [figure, was, is, percent(change)]);
  const differing = checks.map(({ check, before: was, after: is, figure }) => [check, was, is, shortened(figure, 90)]);
  const text = [
    table(['', before, after, ''], rows),
    '',
    differing.length > 0 ? table(['check', before, after, 'evidence'], differing) : 'every check came out the same',
  ];
  return { json: { schema: 1, ...comparison }, text: text.join('\n') };
}
