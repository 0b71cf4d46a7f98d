import type { Command } from 'commander';
import type { Lab } from '../../lab.ts';
import { type CommonOptions, runCli } from '../run-cli.ts';

export function addDoctorCommand(program: Command, lab: () => Lab): void {
  program
    .command('doctor')
    .description('check this machine and say what is missing')
    .option('--fix', 'install what is missing (Debian packages when root, QEMU and tools in the cache)')
    .addHelpText('after', '\nExample:\n  lpl doctor --fix')
    .action((options: CommonOptions & { fix?: boolean }, command: Command) =>
      runCli('doctor', command.optsWithGlobals(), async (ctx) => {
        const findings = await lab().doctor({ fix: options.fix ? 'install' : 'report' }, ctx);
        const bad = findings.filter(({ ok }) => !ok);
        const text = findings.map(
          ({ ok, title, said, next }) => `${ok ? '✔' : '✖'} ${title}: ${said}${ok || !next ? '' : `\n    ${next}`}`,
        );
        return {
          json: { schema: 1, ok: bad.length === 0, findings },
          text: text.join('\n'),
          exitCode: bad.length === 0 ? 0 : 69,
        };
      }),
    );
}
