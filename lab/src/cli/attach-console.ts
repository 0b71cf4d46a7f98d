// The serial console in this terminal: the last lines of the log, then both directions, until Ctrl-] or the end of the
// machine.

import type { Socket } from 'node:net';
import { raceSignal } from '../core/wait.ts';
import type { Lab } from '../lab.ts';
import type { CliContext } from './run-cli.ts';

const detachByte = 0x1d;
/** What a terminal that does not keep up may have outstanding before output is dropped: the log has it all. */
const maxPendingBytes = 4 * 1024 * 1024;

/** Resolves when the user leaves or the machine ends. */
export async function attachConsole(lab: Lab, name: string, ctx: CliContext): Promise<void> {
  await lab.vmTerminal(name, ctx, async (terminal) => {
    ctx.say(`attached to ${name}; Ctrl-] leaves`);
    const { stdin } = process;
    if (stdin.isTTY) stdin.setRawMode(true);
    try {
      await raceSignal(join(terminal), ctx.signal);
    } finally {
      if (stdin.isTTY) stdin.setRawMode(false);
      stdin.removeAllListeners('data');
      stdin.pause();
      process.stdout.write('\n');
    }
  });
}

function join(terminal: Socket): Promise<void> {
  const { stdin, stdout } = process;
  return new Promise((resolve) => {
    terminal.once('close', () => resolve());
    // Always read: a terminal that is not read holds up the guest.
    terminal.on('data', (chunk) => {
      if (stdout.writableLength < maxPendingBytes) stdout.write(chunk);
    });
    stdin.on('data', (chunk: Buffer) => {
      const end = chunk.indexOf(detachByte);
      terminal.write(end < 0 ? chunk : chunk.subarray(0, end));
      if (end >= 0) resolve();
    });
    stdin.resume();
  });
}
