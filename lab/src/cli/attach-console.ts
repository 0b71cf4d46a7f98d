// The serial console in the terminal: the log so far, then both directions, until Ctrl-] or the end of the machine.

import { createReadStream } from 'node:fs';
import { createConnection } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { LabError } from '../core/error.ts';
import { raceSignal } from '../core/wait.ts';
import type { Lab } from '../lab.ts';
import type { CliContext } from './run-cli.ts';

const detachByte = 0x1d;

export async function attachConsole(lab: Lab, name: string, ctx: CliContext): Promise<void> {
  const status = await lab.vmShow(name, ctx);
  await pipeline(createReadStream(status.consoleLog), process.stdout, { end: false });
  if (status.state === 'stopped') throw new LabError('vm.not-running', `${name} is not running; this was its log`);
  const socket = createConnection(status.consoleSocket);
  const { stdin } = process;
  const done = new Promise<void>((resolve, reject) => {
    socket.once('error', (error) =>
      reject(new LabError('vm.not-running', `the console of ${name} cannot be reached`, { cause: error })),
    );
    socket.once('close', () => resolve());
    socket.on('data', (chunk) => void process.stdout.write(chunk));
    stdin.on('data', (chunk: Buffer) => (chunk.includes(detachByte) ? resolve() : socket.write(chunk)));
  });
  ctx.say('attached; Ctrl-] leaves');
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.resume();
  try {
    await raceSignal(done, ctx.signal);
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    stdin.removeAllListeners('data');
    socket.destroy();
  }
}
