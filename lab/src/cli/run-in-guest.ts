// One command in a machine, with this process's stdin, stdout and stderr, as ssh has it.

import { once } from 'node:events';
import { raceSignal } from '../core/wait.ts';
import type { Guest, GuestPipe } from '../vm/guest/guest.ts';

/** Returns the command's exit code; 128 when a signal ended it, or the connection is gone. */
export async function runInGuest(
  guest: Guest,
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<number> {
  const { stdin, stderr } = process;
  const pipe = await guest.pipe(argv, { signal });
  // A command that does not read to the end closes its side first.
  pipe.input.on('error', () => undefined);
  pipe.errors.on('data', (chunk: Uint8Array) => stderr.write(chunk));
  stdin.pipe(pipe.input);
  try {
    // dropbear closes a channel only when its command has ended.
    await raceSignal(printOutput(pipe), signal);
    return (await pipe.ended).exitCode ?? 128;
  } finally {
    stdin.unpipe();
    stdin.pause();
  }
}

async function printOutput({ output }: GuestPipe): Promise<void> {
  const { stdout } = process;
  for await (const chunk of output) if (!stdout.write(chunk as Uint8Array)) await once(stdout, 'drain');
}
