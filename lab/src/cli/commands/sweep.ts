import { resolve } from 'node:path';
import type { Command } from 'commander';
import { showArgv } from '../../core/command.ts';
import { LabError } from '../../core/error.ts';
import { type ItemClass, itemClasses, type Lab, share, type SweepInput, type SweepSummary } from '../../lab.ts';
import { exitCodes } from '../exit-code.ts';
import { runCli } from '../run-cli.ts';
import { table } from '../table.ts';

type Options = {
  from?: string;
  to?: string;
  target?: string;
  only?: string;
  sample?: string;
  jobs?: string;
  again?: string;
};

export function addSweepCommand(program: Command, lab: () => Lab): void {
  program
    .command('sweep')
    .description('try many patches: build each, load what builds into guests, report what came of it')
    .argument('[DIRECTORY]', 'patches, one livepatch a file; or else --from and --to')
    .option('--from <SOURCE>', 'source directory, or target whose source it is (its short name will do)')
    .option('--to <SOURCE>', 'every C file that differs there is a patch')
    .option('--target <NAME>', 'debian:SUITE/FLAVOUR[@VERSION] or a short name (default: --from, or the newest)')
    .option('--only <PATTERN>', 'part of a name, or the whole of it with * for anything')
    .option('--sample <N>', 'so many of them, spread evenly; a larger sample holds every smaller one')
    .option('-j, --jobs <N>', 'builds at a time (default: one for each CPU)')
    .option('--again <CLASSES>', `try anew what ended like this: ${itemClasses.join(',')}`)
    .addHelpText(
      'after',
      '\nA sweep that was cancelled or killed goes on where it was.\nExit code: 0 nothing wrong, 1 a livepatch is wrong, 69 some could not be found out.\n\nExample:\n  lpl sweep --from debian:trixie/cloud-amd64@6.12.107 --to debian:trixie/cloud-amd64@6.12.118 --sample 100',
    )
    .action((directory: string | undefined, options: Options, command: Command) =>
      runCli('sweep', command.optsWithGlobals(), async (ctx) => {
        const input = inputOf(directory, options);
        const { only, target } = options;
        const sample = positive(options, 'sample');
        const jobs = positive(options, 'jobs');
        const again = classesOf(options.again);
        const request = {
          ...{ input, again },
          ...(target === undefined ? {} : { target }),
          ...(only === undefined ? {} : { only }),
          ...(sample === undefined ? {} : { sample }),
          ...(jobs === undefined ? {} : { jobs }),
          equivalent: showArgv(['lpl', 'sweep', ...process.argv.slice(process.argv.indexOf('sweep') + 1)]),
        };
        const summary = await lab().sweep(request, ctx);
        return { json: { schema: 1, ...summary }, text: showSweep(summary), exitCode: exitCodeOf(summary) };
      }),
    );
}

function inputOf(directory: string | undefined, { from, to }: Options): SweepInput {
  if (directory !== undefined && from === undefined && to === undefined)
    return { kind: 'patches', directory: resolve(directory) };
  if (directory === undefined && from !== undefined && to !== undefined) return { kind: 'versions', from, to };
  throw new LabError('usage.invalid', 'a sweep needs either a directory of patches, or --from and --to', {
    hint: 'see `lpl sweep --help`',
  });
}

function positive(options: Options, name: 'sample' | 'jobs'): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new LabError('usage.invalid', `--${name} ${text}: not a positive number`, { hint: `write --${name} 10` });
}

function classesOf(text: string | undefined): ItemClass[] {
  const words = text === undefined ? [] : text.split(',');
  const wrong = words.find((word) => !itemClasses.includes(word as ItemClass));
  if (wrong === undefined) return words as ItemClass[];
  throw new LabError('usage.invalid', `--again ${wrong}: nothing ends like this`, {
    hint: `one of ${itemClasses.join(', ')}`,
  });
}

function exitCodeOf({ figures: { counts } }: SweepSummary): number {
  if (counts.wrong > 0) return exitCodes.fail;
  return counts.unknown > 0 ? exitCodes.inconclusive : exitCodes.pass;
}

function showSweep({ figures, results, tried, of, report }: SweepSummary): string {
  const { counts, candidates, built, rules } = figures;
  const classes = itemClasses.filter((each) => counts[each] > 0).map((each) => [each, String(counts[each])]);
  const bad = results.filter((result) => ['wrong', 'stalled', 'unknown'].includes(result.class));
  return [
    '',
    table([`${tried} OF ${of} TRIED`, ''], classes),
    ...(rules.length > 0
      ? [
          '',
          table(
            ['REFUSED BY', ''],
            rules.map(({ rule, count }) => [rule, String(count)]),
          ),
        ]
      : []),
    ...bad.map((each) => `${each.class}: ${each.name}: ${each.defects[0]?.text ?? each.reasons[0]?.message ?? ''}`),
    '',
    `of those that could be livepatches: built ${share(built, candidates)}, clean ${share(counts.clean, candidates)}`,
    `report: ${report}`,
  ].join('\n');
}
