// Starts a process that outlives this one.

import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Argv } from './command.ts';
import { LabError } from './error.ts';
import { identifyProcess, type ProcessIdentity } from './host-process.ts';

/**
 * Starts `argv` in a session of its own, reading from `stdin` (a file descriptor, closed here) and writing nothing.
 * Rejects with `command.not-found`, or `command.failed` when it ended at once.
 */
export async function startDetached(argv: Argv, stdin: number): Promise<ProcessIdentity> {
  const [file, ...args] = argv;
  const child = spawn(file, args, { stdio: [stdin, 'ignore', 'ignore'], detached: true });
  closeSync(stdin);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error: Error) =>
      reject(new LabError('command.not-found', `cannot run ${file}: ${error.message}`, { cause: error })),
    );
  });
  child.unref();
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  if (!identity) throw new LabError('command.failed', `${file} ended as soon as it began`);
  return identity;
}
