// `lpl matrix` and `lpl merge`: every patch on every kernel under every workload, on one machine or in shards on many.

import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type FleetCommand, githubAnnotations, type Lab, type MatrixCells, type MatrixSummary } from '../../lab.ts';
import { paceOf } from '../cell-lines.ts';
import { exitCodes } from '../exit-code.ts';
import { type CliResult, runCli } from '../run-cli.ts';
import { table } from '../table.ts';

type Shared = { out?: string; annotations?: 'github' };
type Fleet = { fleet?: string; redisCa?: string; priority?: number; kvm?: true };
type MatrixOptions = Shared &
  Fleet & {
    jobs?: number;
    resume?: true;
    shard?: { index: number; count: number };
    cold?: true;
    only?: string[];
    list?: true;
  };

const exitCodesText =
  '\nExit code: 0 all as expected, 1 a cell is not, 3 one was refused, 69 one could not be found out, 130 cancelled.\n';

export function addMatrixCommands(program: Command, lab: () => Lab): void {
  program
    .command('matrix')
    .description('run every patch on every kernel under every workload of a matrix file')
    .argument('MATRIX.yaml')
    .option(
      '-j, --jobs <N>',
      'cells at once, as far as memory allows (default: one for each CPU, 2.5 if guests mostly wait)',
      positive,
    )
    .option('--resume', 'take up the last run of this file, or the one in --out: only what has no verdict is run')
    .option(
      '--shard <I/N>',
      'only the I-th of N parts, for as many machines; put them together with `lpl merge`',
      shard,
    )
    .option('--only <CELL...>', 'only these cells, by the names that --list shows')
    .option('--list', 'name the cells, run nothing')
    .option('--out <DIR>', 'where results and reports go')
    .addOption(annotations())
    .option('--cold', 'boot every machine instead of starting it from a snapshot')
    .addOption(
      new Option('--fleet <URL>', 'run the cells on the workers of that Redis (see `lpl worker`)').conflicts([
        'jobs',
        'cold',
      ]),
    )
    .option('--redis-ca <FILE>', 'authority of its certificate, for rediss://')
    .option('--priority <N>', 'with --fleet: 1 goes first (default: 50)', positive)
    .option('--kvm', 'with --fleet: only on machines whose KVM works')
    .addHelpText('after', `${exitCodesText}\nExample:\n  lpl matrix lab/examples/stock.matrix.yaml -j 2`)
    .action((file: string, { cold, out, annotations: format, ...options }: MatrixOptions, command: Command) =>
      runCli('matrix', command.optsWithGlobals(), async (ctx) => {
        const { jobs, resume, shard, only, list } = options;
        if (list) return showCells(await lab().matrixCells(resolve(file)));
        const start: 'cold' | 'snapshot' = cold ? 'cold' : 'snapshot';
        const request = {
          ...{ file: resolve(file), start },
          ...(jobs ? { jobs } : {}),
          ...(resume ? { resume } : {}),
          ...(shard ? { shard } : {}),
          ...(only ? { only } : {}),
          ...(out ? { out: resolve(out) } : {}),
          ...fleetOf(options),
        } as const;
        const since = Date.now();
        const matrix = await lab().matrix(request, ctx);
        return showMatrix(matrix, format, paceOf(matrix.cells, since, Date.now()));
      }),
    );
  program
    .command('merge')
    .description('put the shards of a matrix together; a cell that no shard ran is red')
    .argument('<DIR...>', 'what `lpl matrix --shard --out` wrote')
    .option('--out <DIR>', 'where the merged results and reports go', 'matrix')
    .addOption(annotations())
    .addHelpText('after', `${exitCodesText}\nExample:\n  lpl merge shard-1 shard-2 --out matrix`)
    .action((directories: string[], { out = 'matrix', annotations: format }: Shared, command: Command) =>
      runCli('merge', command.optsWithGlobals(), async () => {
        const request = { directories: directories.map((path) => resolve(path)), out: resolve(out) };
        return showMatrix(await lab().mergeMatrix(request), format);
      }),
    );
}

const showCells = (matrix: MatrixCells): CliResult => ({
  json: { schema: 1, ...matrix },
  text: matrix.cells.map(({ id }) => id).join('\n'),
});

function fleetOf({ fleet: url, redisCa, priority, kvm }: Fleet): { fleet?: FleetCommand } {
  if (url === undefined) return {};
  const caFile = redisCa === undefined ? {} : { caFile: resolve(redisCa) };
  return { fleet: { url, ...caFile, ...(priority ? { priority } : {}), ...(kvm ? { kvm } : {}) } };
}

const annotations = () =>
  new Option('--annotations <FORMAT>', 'also print what is wrong as annotations on the lines of the patches').choices([
    'github',
  ]);

export function positive(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It is to be a number from 1 on.');
  return Number(text);
}

function shard(text: string): { index: number; count: number } {
  const [index = 0, count = 0] = /^\d{1,4}\/\d{1,4}$/.test(text) ? text.split('/').map(Number) : [];
  if (index < 1 || index > count) throw new InvalidArgumentError('It is to be I/N with I from 1 to N, such as 2/3.');
  return { index, count };
}

function showMatrix(matrix: MatrixSummary, format: Shared['annotations'], pace?: string): CliResult {
  const { cells, counts, verdict, report, file } = matrix;
  const rows = cells.map((cell) => [
    cell.asExpected ? '✔' : cell.verdict === 'inconclusive' ? '?' : '✖',
    cell.kernel,
    cell.patch,
    cell.workload,
    cell.verdict,
    cell.asExpected ? '' : (cell.reasons[0] ?? ''),
  ]);
  const text = [
    table(['', 'KERNEL', 'PATCH', 'WORKLOAD', 'VERDICT', ''], rows),
    '',
    `verdict: ${verdict.toUpperCase()}, ${counts.expected} of ${counts.cells - counts.notAffected} as expected`,
    ...(pace ? [`pace:    ${pace}`] : []),
    `report:  ${report}`,
    ...(format === 'github' ? githubAnnotations(matrix, file, process.cwd()) : []),
  ];
  return { json: matrix, text: text.join('\n'), exitCode: exitCodes[verdict] };
}
