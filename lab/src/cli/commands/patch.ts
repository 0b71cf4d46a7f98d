// `lpl patch`: a patch made of edits, checked, brought into edited source or taken out, and looked at.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { LabError } from '../../core/error.ts';
import { writeWhole } from '../../core/store.ts';
import { defaultTargetName } from '../../kernel/target.ts';
import type { CreatedPatch, ImportedPatch, Lab, PatchConflict, PatchFinding, PatchOrigin } from '../../lab.ts';
import { exitCodes } from '../exit-code.ts';
import { readPatchFile } from '../read-patch-file.ts';
import { type CliResult, runCli } from '../run-cli.ts';

type Target = { target: string };
type Origin = Target & { commit?: string; repository: string };
type CreateOptions = Target & {
  worktree: string;
  subject: string;
  message?: string;
  signoff: boolean;
  out?: string;
};

export function addPatchCommands(program: Command, lab: () => Lab): void {
  const patch = program.command('patch').description('patches as files: from edits, into edits, looked at, checked');
  addCreate(patch, lab);
  addCheck(patch, lab);
  addImport(patch, lab);
  addShow(patch, lab);
}

function addCreate(patch: Command, lab: () => Lab): void {
  withTarget(patch.command('create'))
    .description('make a patch to send of what differs in a directory from the source of the target')
    .requiredOption('--worktree <DIR>', 'edited files at their paths in the kernel tree')
    .requiredOption('-s, --subject <TEXT>', 'first line of the commit message')
    .option('-m, --message <FILE>', 'the rest of it')
    .option('--no-signoff', 'leave the Signed-off-by of `git config user.name` out')
    .option('--out <FILE>', 'where to put it (default: stdout)')
    .addHelpText(
      'after',
      "\nThe target's own scripts/checkpatch.pl looks it over; what it says is no failure.\n\nExample:\n  lpl patch create --worktree edited --subject 'proc: greet' --out 0001-proc-greet.patch",
    )
    .action((options: CreateOptions, command: Command) =>
      runCli('patch create', command.optsWithGlobals(), async (ctx) => {
        const { worktree, target, subject, message, signoff: signOff, out } = options;
        const body = message === undefined ? '' : await readPatchFile(message);
        const created = await lab().patchCreate({ directory: resolve(worktree), target, subject, body, signOff }, ctx);
        if (out) await writeWhole(out, created.patch);
        return showCreated(created, out, (text) => ctx.say(text));
      }),
    );
}

function addCheck(patch: Command, lab: () => Lab): void {
  withTarget(patch.command('check'))
    .description("run the target's own scripts/checkpatch.pl over a patch and its commit message")
    .argument('PATCH')
    .addHelpText('after', '\nExit code: 0 no error, 1 an error.\n\nExample:\n  lpl patch check 0001-proc-greet.patch')
    .action((file: string, { target }: Target, command: Command) =>
      runCli('patch check', command.optsWithGlobals(), async (ctx) => {
        const findings = await lab().patchCheck({ patch: await readPatchFile(file), target }, ctx);
        const isBad = findings.some(({ level }) => level === 'error');
        return {
          json: { schema: 1, findings },
          text: findingLines(findings, file).join('\n') || `${file}: checkpatch has nothing to say`,
          exitCode: isBad ? exitCodes.fail : exitCodes.pass,
        };
      }),
    );
}

function addImport(patch: Command, lab: () => Lab): void {
  withOrigin(patch.command('import'))
    .description('bring a patch into a directory of edited files; all of it, or nothing and every conflict named')
    .requiredOption('--into <DIR>', 'edited files at their paths; those it has not come from the source of the target')
    .option('--reverse', 'take the patch out again')
    .addHelpText(
      'after',
      '\nExit code: 0 it is in, 1 a conflict.\n\nExample:\n  lpl patch import fix.patch --into edited\n  lpl patch import --commit v6.12.9~3 --repository ~/linux --into edited',
    )
    .action((file: string | undefined, options: Origin & { into: string; reverse?: true }, command: Command) =>
      runCli('patch import', command.optsWithGlobals(), async (ctx) => {
        const { into, reverse = false, target } = options;
        const request = { origin: originOf(file, options), directory: resolve(into), target, reverse };
        return showImported(await lab().patchImport(request, ctx), reverse, into);
      }),
    );
}

function addShow(patch: Command, lab: () => Lab): void {
  withOrigin(patch.command('show'))
    .description('say which files a patch is about, and whether it fits the source of the target')
    .addHelpText('after', '\nExit code: 0 it fits, 1 a conflict.\n\nExample:\n  lpl patch show fix.patch')
    .action((file: string | undefined, options: Origin, command: Command) =>
      runCli('patch show', command.optsWithGlobals(), async (ctx) => {
        const request = { origin: originOf(file, options), target: options.target };
        const { files, conflicts } = await lab().patchShow(request, ctx);
        const lines = files.map(({ path, added, deleted }) => `  ${path} +${added} -${deleted}`);
        return {
          json: { schema: 1, files: files.map(({ before: _, after: __, ...rest }) => rest), conflicts },
          text: [...lines, ...conflictLines(conflicts)].join('\n'),
          exitCode: conflicts.length > 0 ? exitCodes.fail : exitCodes.pass,
        };
      }),
    );
}

const withTarget = (command: Command) =>
  command.option('--target <NAME>', 'debian:SUITE/FLAVOUR[@VERSION]', defaultTargetName);

const withOrigin = (command: Command) =>
  withTarget(command)
    .argument('[PATCH]', 'unified diff against the kernel source')
    .option('--commit <REV>', 'instead of PATCH: a commit of a git repository')
    .option('--repository <DIR>', 'the repository of --commit', '.');

function originOf(file: string | undefined, { commit, repository }: Origin): PatchOrigin {
  if ((file === undefined) === (commit === undefined))
    throw new LabError('usage.invalid', 'give either a patch or --commit', { hint: '`lpl patch show fix.patch`' });
  return commit === undefined ? { file: file ?? '' } : { repository: resolve(repository), commit };
}

function showCreated(created: CreatedPatch, out: string | undefined, say: (text: string) => void): CliResult {
  const { patch, files, findings } = created;
  const remarks = findingLines(findings, out ?? 'patch');
  const json = { schema: 1, ...(out ? { path: out } : { patch }), files, findings };
  if (out) return { json, text: [`${out}: ${files.join(', ')}`, ...remarks].join('\n') };
  for (const line of remarks) say(line);
  return { json, text: patch.trimEnd() };
}

function showImported({ outcome, files, conflicts }: ImportedPatch, reverse: boolean, into: string): CliResult {
  const done = { applied: reverse ? 'taken out of' : 'brought into', already: reverse ? 'not in' : 'already in' };
  const text =
    outcome === 'conflict'
      ? [`nothing was changed: the patch does not fit`, ...conflictLines(conflicts)]
      : [`${done[outcome]} ${into}`, ...files.map((path) => `  ${path}`)];
  return {
    json: { schema: 1, outcome, files, conflicts },
    text: text.join('\n'),
    exitCode: outcome === 'conflict' ? exitCodes.fail : exitCodes.pass,
  };
}

const findingLines = (findings: readonly PatchFinding[], file: string) =>
  findings.map(({ level, type, line, message }) => `${file}:${line}: ${level}: ${message} [${type}]`);

const conflictLines = (conflicts: readonly PatchConflict[]) =>
  conflicts.map(
    ({ file, line, patchLine, message }) => `  ${file}:${line}: ${message} (line ${patchLine} of the patch)`,
  );
