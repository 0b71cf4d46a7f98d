// `lpl vm ssh`.

import type { Command } from 'commander';
import type { Lab } from '../../lab.ts';
import { openShell } from '../open-shell.ts';
import { type CommonOptions, runCli } from '../run-cli.ts';
import { runInGuest } from '../run-in-guest.ts';

export function addVmSshCommand(vm: Command, lab: () => Lab): void {
  vm.command('ssh')
    .description('a root shell in the machine, or one command')
    .argument('NAME')
    .argument(
      '[COMMAND...]',
      "run this instead of a shell, with this stdin and stdout; ends with the command's exit code",
    )
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  lpl vm ssh web1 uname -r\n  lpl vm ssh web1 "cat > /tmp/notes" < notes')
    .action((name: string, words: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      return runCli('vm ssh', options, async (ctx) => {
        const [first, ...rest] = words[0] === '--' ? words.slice(1) : words;
        if (first === undefined) return { json: null, text: '', exitCode: await openShell(lab(), name, ctx) };
        const guest = await lab().vmGuest(name, ctx);
        try {
          // One word is a line for the guest's shell, as with ssh; several are one command, quoted.
          const argv = rest.length === 0 ? (['sh', '-c', first] as const) : ([first, ...rest] as const);
          if (!options.json) return { json: null, text: '', exitCode: await runInGuest(guest, argv, ctx.signal) };
          const result = await guest.exec(argv, { signal: ctx.signal, timeoutMs: 24 * 3600_000 });
          return { json: { schema: 1, ...result }, text: '', exitCode: result.exitCode };
        } finally {
          await guest.close();
        }
      });
    });
}
