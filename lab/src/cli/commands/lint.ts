import { resolve } from 'node:path';
import type { Command } from 'commander';
import { LabError } from '../../core/error.ts';
import { defaultTargetName } from '../../kernel/target.ts';
import type { Lab, LintCommand, LintResult, OpContext } from '../../lab.ts';
import { exitCodes } from '../exit-code.ts';
import { readPatchFile } from '../read-patch-file.ts';
import { reasonLines } from '../reason-lines.ts';
import { runCli } from '../run-cli.ts';

type Options = { target?: string; worktree?: string };

export function addLintCommand(program: Command, lab: () => Lab): void {
  program
    .command('lint')
    .description('say what stands against a patch before anything is compiled')
    .argument('[PATCH]', 'unified diff against the kernel source')
    .option('--target <NAME>', 'check against the source, configuration and symbols of debian:SUITE/FLAVOUR[@VERSION]')
    .option('--worktree <DIR>', 'instead of PATCH: what differs in this directory from the source of the target')
    .addHelpText(
      'after',
      '\nEvery rule is explained in RULES.md.\nExit code: 0 nothing serious, 3 an error: it cannot be livepatched as it is.\n\nExample:\n  lpl lint fix.patch --target debian:trixie/cloud-amd64',
    )
    .action((patchFile: string | undefined, options: Options, command: Command) =>
      runCli('lint', command.optsWithGlobals(), async (ctx) => {
        const result = await lab().lint(await commandOf(lab(), { ...options, patchFile }, ctx), ctx);
        const exitCode = result.verdict === 'refused' ? exitCodes.refused : exitCodes.pass;
        return { json: { schema: 1, ...result }, text: showLint(result), exitCode };
      }),
    );
}

async function commandOf(
  lab: Lab,
  { patchFile, target, worktree }: Options & { patchFile: string | undefined },
  ctx: OpContext,
): Promise<LintCommand> {
  if ((patchFile === undefined) === (worktree === undefined))
    throw new LabError('usage.invalid', 'lint wants either a patch or --worktree', { hint: '`lpl lint fix.patch`' });
  if (worktree === undefined) return { patch: await readPatchFile(patchFile ?? ''), ...(target ? { target } : {}) };
  const edited = { directory: resolve(worktree), target: target ?? defaultTargetName };
  return { patch: await lab.worktreePatch(edited, ctx), target: edited.target };
}

export function showLint({ tier, findings, units }: LintResult): string {
  const count = (level: string, noun: string) => {
    const of = findings.filter((each) => each.level === level).length;
    return of > 0 ? [`${of} ${noun}${of > 1 && level !== 'info' ? 's' : ''}`] : [];
  };
  const counts = [...count('error', 'error'), ...count('warning', 'warning'), ...count('info', 'to know')];
  const more = tier === 'text' ? '; from the text alone, --target NAME knows more' : '';
  return [
    ...findings.flatMap((each) => reasonLines(each, `${each.level}: `)),
    ...units.map(({ file, object }) => `  ${file}: ${object === 'vmlinux' ? 'built-in' : object}`),
    `${counts.join(', ') || 'nothing to say'}${more}`,
  ].join('\n');
}
