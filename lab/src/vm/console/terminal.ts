// The serial console as a terminal: bytes both ways over one of the machine's terminal sockets. A socket serves one client
// at a time, and who finds none free is told so at once; the log may be followed by any number.

import { createConnection, type Socket } from 'node:net';
import { isLabError, LabError } from '../../core/error.ts';
import { withLock } from '../../core/lock.ts';
import { raceSignal, withDeadline } from '../../core/wait.ts';
import type { InstanceFiles } from '../instance/instance-files.ts';

const connectMs = 2_000;

/**
 * Calls `body` with a connected socket and closes it afterwards. What the guest prints is only buffered a little: read it.
 * Rejects with `vm.not-running` when nobody listens, `state.locked` when every terminal is taken.
 */
export async function withTerminal<T>(
  files: InstanceFiles,
  signal: AbortSignal,
  body: (terminal: Socket) => Promise<T>,
): Promise<T> {
  for (const path of files.terminals) {
    try {
      return await withLock(path, { signal, waitMs: 0 }, () => attach(files.name, path, signal, body));
    } catch (error) {
      if (!isLabError(error, 'state.locked')) throw error;
    }
  }
  throw new LabError('state.locked', `all ${files.terminals.length} terminals of ${files.name} are taken`, {
    hint: `\`lpl vm console ${files.name} --read-only\` only reads, with any number of others`,
  });
}

async function attach<T>(
  name: string,
  path: string,
  signal: AbortSignal,
  body: (terminal: Socket) => Promise<T>,
): Promise<T> {
  const terminal = createConnection(path);
  const connected = new Promise<void>((resolve, reject) => {
    terminal.once('connect', resolve);
    terminal.once('error', (error) =>
      reject(new LabError('vm.not-running', `the console of ${name} cannot be reached`, { cause: error })),
    );
  });
  try {
    await raceSignal(withDeadline(connected, `the console of ${name}`, connectMs), signal);
    terminal.on('error', () => undefined);
    return await body(terminal);
  } finally {
    terminal.destroy();
  }
}
