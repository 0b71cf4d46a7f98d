// An interactive root shell of a machine in this terminal.

import type { Lab } from '../lab.ts';
import type { CliContext } from './run-cli.ts';

/** Returns the shell's exit code. */
export async function openShell(lab: Lab, name: string, ctx: CliContext): Promise<number> {
  const { stdin, stdout } = process;
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const guest = await lab.vmGuest(name, ctx);
  try {
    const shell = await guest.shell(size(), { signal: ctx.signal });
    const onResize = () => shell.resize(size());
    stdout.on('resize', onResize);
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.pipe(shell.input);
    for await (const chunk of shell.output) stdout.write(chunk as Uint8Array);
    stdout.off('resize', onResize);
    return (await shell.ended).exitCode ?? 1;
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.unpipe();
    stdin.pause();
    await guest.close();
  }
}
