// `lpl vm gdb` and `lpl vm dump`.

import { type Command, Option } from 'commander';
import { showArgv } from '../../core/command.ts';
import { LabError } from '../../core/error.ts';
import type { Lab } from '../../lab.ts';
import { formatBytes } from '../format-bytes.ts';
import { runCli } from '../run-cli.ts';
import { runInTerminal } from '../run-in-terminal.ts';

export function addVmDebugCommands(vm: Command, lab: () => Lab): void {
  vm.command('gdb')
    .description('debug the kernel with gdb; the guest stands still while gdb is connected and not continuing')
    .argument('NAME')
    .option('--print', 'only print the command line')
    .addHelpText('after', '\nExample:\n  lpl vm gdb web1')
    .action((name: string, options: { print?: boolean }, command: Command) =>
      runCli('vm gdb', command.optsWithGlobals(), async (ctx) => {
        const session = await lab().vmGdb(name, ctx);
        const result = { json: { schema: 1, ...session }, text: showArgv(session.argv) };
        if (session.note) ctx.say(session.note);
        if (options.print || command.optsWithGlobals<{ json?: boolean }>().json) return result;
        try {
          const exitCode = await runInTerminal(session.argv);
          return { json: null, text: '', exitCode };
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
          throw new LabError('host.missing-tool', `there is no gdb on this host; elsewhere: ${result.text}`, {
            hint: 'apt install gdb',
          });
        } finally {
          await lab().vmResume(name, ctx);
        }
      }),
    );
  vm.command('dump')
    .description("write the guest's memory to a file, for crash(8); the guest stands still meanwhile")
    .argument('NAME')
    .argument('[FILE]', 'default NAME.dump')
    .addOption(new Option('--format <FORMAT>', 'compressed, or a core file').choices(['kdump', 'elf']).default('kdump'))
    .addHelpText('after', '\nExample:\n  lpl vm dump web1 /tmp/web1.dump')
    .action((name: string, file: string | undefined, options: { format: 'kdump' | 'elf' }, command: Command) =>
      runCli('vm dump', command.optsWithGlobals(), async (ctx) => {
        const dump = await lab().vmDump({ vm: name, file: file ?? `${name}.dump`, format: options.format }, ctx);
        return { json: { schema: 1, ...dump }, text: `${dump.file}  ${formatBytes(dump.bytes)}` };
      }),
    );
}
