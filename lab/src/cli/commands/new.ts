import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { LabError } from '../../core/error.ts';
import { defaultTargetName } from '../../kernel/target.ts';
import type { Lab } from '../../lab.ts';
import { runCli } from '../run-cli.ts';

type Options = { target: string; function?: string[]; callbacks?: boolean; shadow?: boolean };

export function addNewCommand(program: Command, lab: () => Lab): void {
  program
    .command('new')
    .description('write the beginning of a livepatch in C, which builds as it is')
    .argument('NAME', 'writes NAME.c here')
    .option('--function <FILE:NAME...>', 'functions to replace, by the file that defines them')
    .option('--callbacks', 'with callbacks before and after the transitions')
    .option('--shadow', 'with a shadow variable: data attached to an object of the kernel')
    .option('--target <NAME>', 'whose functions: debian:SUITE/FLAVOUR[@VERSION]', defaultTargetName)
    .addHelpText(
      'after',
      '\nExample:\n  lpl new fix --function fs/proc/version.c:version_proc_show\n  lpl build fix.c --out fix.ko',
    )
    .action((name: string, { target, function: functions = [], ...parts }: Options, command: Command) =>
      runCli('new', command.optsWithGlobals(), async (ctx) => {
        const { callbacks = false, shadow = false } = parts;
        const text = await lab().newLivepatch({ target, functions, callbacks, shadow }, ctx);
        const file = resolve(name.endsWith('.c') ? name : `${name}.c`);
        await writeFile(file, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
          throw new LabError('usage.invalid', `${file} exists already`, { hint: 'choose another name' });
        });
        return { json: { schema: 1, file }, text: `${file}\nbuild it with: lpl build ${name.replace(/\.c$/, '')}.c` };
      }),
    );
}
