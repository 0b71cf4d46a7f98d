import { basename } from 'node:path';
import type { Command } from 'commander';
import { defaultTargetName } from '../../kernel/target.ts';
import type { ExplainedFunction, Explanation, Lab } from '../../lab.ts';
import { maxUnitsOption } from '../max-units-option.ts';
import { exitCodes } from '../exit-code.ts';
import { readPatchFile } from '../read-patch-file.ts';
import { reasonLines } from '../reason-lines.ts';
import { runCli } from '../run-cli.ts';

type Options = { target: string; function?: string; asm?: boolean; maxUnits?: number };

export function addExplainCommand(program: Command, lab: () => Lab): void {
  program
    .command('explain')
    .description('say why each function of a livepatch is in it, who calls it, and how its code differs')
    .argument('PATCH', 'unified diff against the kernel source')
    .option('--target <NAME>', 'debian:SUITE/FLAVOUR[@VERSION]', defaultTargetName)
    .option('--function <NAME>', 'only this function')
    .option('--asm', 'with the difference of the machine code')
    .addOption(maxUnitsOption())
    .addHelpText('after', '\nExample:\n  lpl explain fix.patch --function bm_entry_read --asm')
    .action((patchFile: string, options: Options, command: Command) =>
      runCli('explain', command.optsWithGlobals(), async (ctx) => {
        const { target, function: name, asm, maxUnits } = options;
        const request = { patch: await readPatchFile(patchFile), patchName: basename(patchFile), target };
        const assembly = asm ? { assembly: name ? { function: name } : ('all' as const) } : {};
        const all = await lab().explain(
          { ...request, ...assembly, ...(maxUnits === undefined ? {} : { maxUnits }) },
          ctx,
        );
        const units = all.units.map((unit) => ({
          ...unit,
          functions: unit.functions.filter((each) => name === undefined || each.name === name),
        }));
        const explained = { ...all, units };
        const exitCode = all.verdict === 'explained' ? exitCodes.pass : exitCodes[all.verdict];
        return { json: { schema: 1, ...explained }, text: showExplanation(explained), exitCode };
      }),
    );
}

export function showExplanation({ verdict, reasons, units }: Explanation): string {
  if (verdict !== 'explained') return [verdict, ...reasons.flatMap((each) => reasonLines(each))].join('\n');
  return units
    .flatMap(({ file, object, edited, includes, provenFunctions, functions }) => {
      const place = object === 'vmlinux' ? 'built-in' : `module ${object}`;
      const because = edited ? 'the patch edits it' : `it includes ${includes.join(' and ')}, which the patch edits`;
      const head = `${file} (${place}), compiled anew because ${because}; ${provenFunctions} of its functions are proven to be what the target runs`;
      return [head, ...(functions.length > 0 ? functions.flatMap(functionLines) : ['  nothing to show'])];
    })
    .join('\n');
}

function functionLines(given: ExplainedFunction): string[] {
  const { name, kind, sizeBefore, sizeAfter, callers, traced, assembly } = given;
  const size = sizeBefore === undefined ? `${sizeAfter ?? 0} bytes` : `${sizeBefore} -> ${sizeAfter ?? 0} bytes`;
  const entry = kind === 'new' ? '' : traced ? ', has an ftrace entry' : ', no ftrace entry';
  const by = callers.length > 0 ? `called by ${callers.join(', ')}` : 'nothing in this object calls it by name';
  return [
    `  ${kind === 'new' ? '+' : '~'} ${name}: ${whySentence(given)}; ${size}${entry}`,
    `      ${by}`,
    ...(assembly ?? '').split('\n').flatMap((line) => (line ? [`      ${line}`] : [])),
  ];
}

function whySentence(given: ExplainedFunction): string {
  switch (given.why) {
    case 'edited':
      return 'edited by the patch';
    case 'new':
      return 'new';
    case 'clone':
      return `a part that the compiler made of ${given.of}(), which changes`;
    case 'inlines':
      return `not edited, but holds a copy of ${given.of}(), which is`;
    case 'declaration':
      return `not edited, but what it uses is, at ${given.file ? `${given.file}:` : 'line '}${given.line}`;
    case 'includes':
      return `not edited, but uses what changes in ${given.file} by way of other headers`;
    case 'compiler':
      return 'not edited; the compiler decided otherwise';
  }
}
