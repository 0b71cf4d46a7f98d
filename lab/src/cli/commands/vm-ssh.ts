// `lpl vm ssh`.

import type { Command } from 'commander';
import type { Lab } from '../../lab.ts';
import { openShell } from '../open-shell.ts';
import { runCli } from '../run-cli.ts';

export function addVmSshCommand(vm: Command, lab: () => Lab): void {
  vm.command('ssh')
    .description('a root shell in the machine, or one command')
    .argument('NAME')
    .argument('[COMMAND...]', 'run this instead of a shell; ends with its exit code')
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  lpl vm ssh web1 uname -r')
    .action((name: string, words: string[], _options: unknown, command: Command) =>
      runCli('vm ssh', command.optsWithGlobals(), async (ctx) => {
        const [first, ...rest] = words;
        if (first === undefined) return { json: null, text: '', exitCode: await openShell(lab(), name, ctx) };
        const guest = await lab().vmGuest(name, ctx);
        try {
          // One word is a line for the guest's shell, as with ssh; several are one command, quoted.
          const argv = rest.length === 0 ? (['sh', '-c', first] as const) : ([first, ...rest] as const);
          const result = await guest.exec(argv, { signal: ctx.signal, timeoutMs: 24 * 3600_000 });
          process.stderr.write(result.stderr);
          return { json: { schema: 1, ...result }, text: result.stdout.replace(/\n$/, ''), exitCode: result.exitCode };
        } finally {
          await guest.close();
        }
      }),
    );
}
