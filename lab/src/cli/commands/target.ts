// `lpl target`: the kernels there are, and short names for those one works with.

import type { Command } from 'commander';
import { defaultTargetName } from '../../kernel/target.ts';
import type { Lab, TargetDescription } from '../../lab.ts';
import { formatBytes } from '../format-bytes.ts';
import { runCli } from '../run-cli.ts';
import { table } from '../table.ts';

export function addTargetCommands(program: Command, lab: () => Lab): void {
  const target = program.command('target').description('target kernels: what can be booted and built for');
  target
    .command('ls')
    .description('kernels the mirror has, and which are prepared; then the short names there are')
    .argument('[NAME]', 'suite and flavour, or tree:PATH', defaultTargetName)
    .addHelpText('after', '\nExample:\n  lpl target ls debian:bookworm/cloud-amd64')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('target ls', command.optsWithGlobals(), async (ctx) => {
        const [targets, names] = [await lab().listTargets(name, ctx), await lab().targetNames()];
        const rows = targets.map((t) => [t.name, t.release, t.prepared ? 'prepared' : '']);
        const short = table(
          ['NAME', 'TARGET'],
          names.map((each) => [each.name, each.target]),
        );
        const text = [table(['TARGET', 'RELEASE', ''], rows), ...(names.length > 0 ? ['', short] : [])].join('\n');
        return { json: { schema: 1, targets, names }, text };
      }),
    );
  target
    .command('prepare')
    .description('fetch a kernel, its source and its compiler, and make ready to build for it')
    .argument('[NAME]', 'debian:SUITE/FLAVOUR[@VERSION], tree:PATH or a short name', defaultTargetName)
    .addHelpText('after', '\nExample:\n  lpl target prepare debian:trixie/cloud-amd64')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('target prepare', command.optsWithGlobals(), async (ctx) => {
        const prepared = await lab().prepareTarget(name, ctx);
        return { json: { schema: 1, ...prepared }, text: `${prepared.name} is ready\nsource: ${prepared.source}` };
      }),
    );
  target
    .command('add')
    .description('give a target a short name, which then works wherever a target is asked for')
    .argument('NAME', 'letters, digits, dots, dashes and underscores')
    .argument('TARGET', 'debian:SUITE/FLAVOUR[@VERSION] or tree:PATH')
    .addHelpText('after', addHelp)
    .action((name: string, full: string, _options: unknown, command: Command) =>
      runCli('target add', command.optsWithGlobals(), async (ctx) => {
        const added = await lab().targetAdd({ name, target: full }, ctx);
        return { json: { schema: 1, ...added }, text: `${name} is ${added.target}\n\n${showTarget(added.is)}` };
      }),
    );
  target
    .command('show')
    .description(
      'what a target is, what builds its livepatches and why, what is prepared for it, which machines use it',
    )
    .argument('[NAME]', 'debian:SUITE/FLAVOUR[@VERSION], tree:PATH or a short name', defaultTargetName)
    .addHelpText('after', '\nExample:\n  lpl target show tree:.')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('target show', command.optsWithGlobals(), async (ctx) => {
        const described = await lab().targetShow(name, ctx);
        return { json: { schema: 1, ...described }, text: showTarget(described) };
      }),
    );
  target
    .command('rm')
    .description('forget a short name, or remove what is prepared for a target')
    .argument('NAME', 'a short name; or debian:SUITE/FLAVOUR@VERSION or tree:PATH')
    .option('--prepared', 'of a short name: remove what is prepared for its target, too')
    .addHelpText('after', rmHelp)
    .action((name: string, options: { prepared?: boolean }, command: Command) =>
      runCli('target rm', command.optsWithGlobals(), async (ctx) => {
        const { forgotten, pruned } = await lab().targetRemove({ name, prepared: options.prepared ?? false }, ctx);
        const freed = pruned && `removed ${pruned.removed.length} artefacts, freed ${formatBytes(pruned.freedBytes)}`;
        const text = [...(forgotten ? [`${name} was ${forgotten.target}`] : []), ...(freed ? [freed] : [])].join('\n');
        return { json: { schema: 1, ...(forgotten ? { forgotten } : {}), ...pruned }, text };
      }),
    );
}

const addHelp = `
The target is looked at first: a tree has to be there and built, a stock kernel on the mirror. \`lpl cache prune\` keeps what a
short name stands for.

Example:
  lpl target add mine tree:~/linux/build
  lpl target add field debian:trixie/cloud-amd64@6.12.107
  lpl build fix.patch --target mine`;

const rmHelp = `
A tree of your own is never touched, nor what other targets need. What a machine or another lpl uses is not removed: one line
says who.

Example:
  lpl target rm mine
  lpl target rm debian:trixie/cloud-amd64@6.12.107`;

export function showTarget(described: TargetDescription): string {
  const { name, shortNames, release, suite, compiler, config, engine, problem, machines, prepared } = described;
  const rows = [
    ['target', name],
    ...(shortNames.length > 0 ? [['names', shortNames.join(', ')]] : []),
    ['release', release],
    ...(suite === undefined ? [] : [['suite', suite]]),
    ['compiler', compiler],
    ['config', config ? showConfig(config) : 'not known before its image is there: `lpl target prepare`'],
    ...(engine === undefined ? [] : [['engine', engine]]),
    ...(problem ? [['problem', problem.message]] : []),
    ...(problem?.hint ? [['', problem.hint]] : []),
    ['machines', machines.join(', ') || 'none'],
    ['prepared', prepared.length === 0 ? 'nothing' : `${formatBytes(described.diskBytes)} on disk`],
    ...prepared.map((each) => ['', `${formatBytes(each.diskBytes).padStart(9)}  ${each.room}/${each.name}`]),
  ];
  return rows.map(([key = '', value = '']) => `${key.padEnd(10)}${value}`).join('\n');
}

function showConfig({ livepatch, ibt, btf, modversions }: NonNullable<TargetDescription['config']>): string {
  const options = { LIVEPATCH: livepatch, X86_KERNEL_IBT: ibt, MODVERSIONS: modversions, DEBUG_INFO_BTF: btf };
  return Object.entries(options)
    .map(([option, isOn]) => `${option} ${isOn ? 'on' : 'off'}`)
    .join(', ');
}
